// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/**
 * Settings of a backend. None of them changes a result.
 *
 * @param threads threads on the host that share the work, 1 to 1024
 * @param automatic whether the backend was chosen for the caller, not by name
 */
public record BackendOptions(int threads, boolean automatic) {
  /** Checks the settings. */
  public BackendOptions {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads is " + threads + "; it must be 1 to 1024");
    }
  }

  /**
   * Settings of a backend that was asked for by name.
   *
   * @param threads threads on the host that share the work, 1 to 1024
   */
  public BackendOptions(int threads) {
    this(threads, false);
  }

  /**
   * Returns the default settings: a thread per processor.
   *
   * @return the defaults
   */
  public static BackendOptions defaults() {
    return new BackendOptions(Math.min(1024, Runtime.getRuntime().availableProcessors()));
  }

  /**
   * Returns the same settings for a backend that the caller did not name.
   *
   * @return settings with {@link #automatic()} set
   */
  public BackendOptions chosenAutomatically() {
    return new BackendOptions(threads, true);
  }
}
