// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.PrintStream;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** Prints what the library logs, a line each, instead of the two lines that Java makes of it. */
final class LogLines extends Handler {
  private static final Logger LIBRARY = Logger.getLogger("dev.memtrace");

  private final PrintStream err;
  private final SimpleFormatter messages = new SimpleFormatter();

  private LogLines(PrintStream err) {
    this.err = err;
  }

  /** Takes over the log of the library, unless the user has configured logging. */
  static void install(PrintStream err) {
    if (System.getProperty("java.util.logging.config.file") == null
        && System.getProperty("java.util.logging.config.class") == null) {
      LIBRARY.setUseParentHandlers(false);
      LIBRARY.addHandler(new LogLines(err));
    }
  }

  @Override
  public void publish(LogRecord record) {
    if (isLoggable(record)) {
      String message = messages.formatMessage(record);
      Throwable thrown = record.getThrown();
      err.println(
          "memtrace: " + Results.printable(thrown == null ? message : message + ": " + thrown));
    }
  }

  @Override
  public void flush() {
    err.flush();
  }

  @Override
  public void close() {
    flush();
  }
}
