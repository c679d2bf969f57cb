// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/**
 * Settings of a backend. None of them changes a result.
 *
 * @param threads threads on the host that share the work, 1 to 1024
 */
public record BackendOptions(int threads) {
  /** Checks the settings. */
  public BackendOptions {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads is " + threads + "; it must be 1 to 1024");
    }
  }

  /**
   * Returns the default settings: a thread per processor.
   *
   * @return the defaults
   */
  public static BackendOptions defaults() {
    return new BackendOptions(Math.min(1024, Runtime.getRuntime().availableProcessors()));
  }
}
