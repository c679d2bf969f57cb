// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.bundle.GenerationListener;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/** A progress bar on standard error, for work over two seconds and only on a terminal. */
final class Progress implements GenerationListener, AutoCloseable {
  private static final long REFRESH_MILLIS = 100;
  private static final int CELLS = 40;
  private static final String ERASE_LINE = "\r\033[K";

  private final PrintStream err;
  private final BooleanSupplier terminal;
  private final long silentMillis;
  private final long start = System.nanoTime();
  private final Thread painter;
  private volatile String stage;
  private volatile double fraction;
  private boolean painted;
  private boolean closed;

  /** Shows the bar on a console once the first stage, and all after it, have taken too long. */
  Progress(Console console, String firstStage) {
    err = console.err();
    terminal = console.terminal();
    silentMillis = console.silentMillis();
    stage = firstStage;
    painter = new Thread(this::paint, "memtrace-progress");
    painter.setDaemon(true);
    painter.start();
  }

  @Override
  public void progress(Stage now, double done) {
    stage = Results.label(now);
    fraction = done;
  }

  /** Hears which fraction is done, and in which stage. */
  void at(String now, double done) {
    stage = now;
    fraction = done;
  }

  /** Hears which fraction of the current stage is done; on any thread. */
  void at(double done) {
    fraction = done;
  }

  private void paint() {
    try {
      Thread.sleep(silentMillis);
      if (!terminal.getAsBoolean()) {
        return;
      }
      while (true) {
        synchronized (this) {
          if (closed) {
            return;
          }
          painted = true;
          err.print(ERASE_LINE + line(stage, fraction, (System.nanoTime() - start) / 1e9));
          err.flush();
        }
        Thread.sleep(REFRESH_MILLIS);
      }
    } catch (InterruptedException e) {
      // closed
    }
  }

  static String line(String stage, double fraction, double seconds) {
    int filled = (int) (CELLS * fraction);
    return String.format(
        Locale.ROOT,
        "%-6s [%s%s] %3d%% %.0f s",
        stage,
        "#".repeat(filled),
        "-".repeat(CELLS - filled),
        (int) (100 * fraction),
        seconds);
  }

  /** Removes the bar. Closing twice has no effect. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    painter.interrupt();
    if (painted) {
      err.print(ERASE_LINE);
      err.flush();
    }
  }
}
