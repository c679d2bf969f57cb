// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.bundle.GenerationListener;
import java.io.PrintStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A progress bar on standard error, for work over two seconds and only on a terminal. */
final class Progress implements GenerationListener, AutoCloseable {
  private static final long SILENT_MILLIS = 2000;
  private static final long REFRESH_MILLIS = 100;
  private static final int CELLS = 40;
  private static final String ERASE_LINE = "\r\033[K";

  private final PrintStream err;
  private final long start = System.nanoTime();
  private final @Nullable Thread painter;
  private volatile Stage stage = Stage.READ;
  private volatile double fraction;
  private boolean painted;
  private boolean closed;

  Progress(PrintStream err) {
    this.err = err;
    if (err.equals(System.err)) {
      painter = new Thread(this::paint, "memtrace-progress");
      painter.setDaemon(true);
      painter.start();
    } else {
      painter = null;
    }
  }

  @Override
  public void progress(Stage now, double done) {
    stage = now;
    fraction = done;
  }

  private void paint() {
    try {
      Thread.sleep(SILENT_MILLIS);
      if (!Terminal.isStandardError()) {
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

  static String line(Stage stage, double fraction, double seconds) {
    int filled = (int) (CELLS * fraction);
    return String.format(
        Locale.ROOT,
        "%-6s [%s%s] %3d%% %.0f s",
        stage.name().toLowerCase(Locale.ROOT),
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
    if (painter != null) {
      painter.interrupt();
    }
    if (painted) {
      err.print(ERASE_LINE);
      err.flush();
    }
  }
}
