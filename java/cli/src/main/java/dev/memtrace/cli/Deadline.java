// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;

/**
 * Ends the process when a command has taken too long. It ends as on Ctrl-C, wherever the command
 * is: what is half done is removed.
 */
final class Deadline implements AutoCloseable {
  private final AtomicBoolean decided = new AtomicBoolean();
  private final Thread watch;

  /**
   * Begins to watch.
   *
   * @param time how long the command may take
   * @param err receives the reason if it takes longer
   * @param exit ends the process with an exit code
   */
  Deadline(Duration time, PrintStream err, IntConsumer exit) {
    watch =
        Thread.ofPlatform()
            .daemon()
            .name("memtrace-deadline")
            .start(() -> awaitEnd(time, err, exit));
  }

  private void awaitEnd(Duration time, PrintStream err, IntConsumer exit) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      return; // the command has ended
    }
    if (!decided.getAndSet(true)) {
      err.println(
          "memtrace: the time that --timeout gives, "
              + Durations.format(time)
              + ", is over; what was not complete is removed");
      exit.accept(ExitCode.OUT_OF_TIME);
    }
  }

  /** Ends watching: a command that has come so far in its time is in time. */
  @Override
  public void close() {
    if (!decided.getAndSet(true)) {
      watch.interrupt();
    }
  }
}
