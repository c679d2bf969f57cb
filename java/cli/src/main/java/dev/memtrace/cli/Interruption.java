// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

/** Cleans up when the process is told to end (Ctrl-C, SIGTERM) while this is open. */
final class Interruption implements AutoCloseable {
  private final Thread hook;
  private volatile boolean happened;

  Interruption(Runnable cleanUp) {
    hook =
        new Thread(
            () -> {
              happened = true;
              cleanUp.run();
            },
            "memtrace-interruption");
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      throw new InterruptedCommandException(e); // the process is ending already
    }
  }

  boolean happened() {
    return happened;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending and the hook runs or has run.
    }
  }
}
