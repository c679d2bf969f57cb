// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.instrument.StageListener;
import java.util.Objects;

/**
 * Settings of a backend. None of them changes a result.
 *
 * @param threads threads on the host that share the work, 1 to 1024
 * @param automatic whether the backend was chosen for the caller, not by name
 * @param listener hears how long the stages of the work take
 */
public record BackendOptions(int threads, boolean automatic, StageListener listener) {
  /** Checks the settings. */
  public BackendOptions {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads is " + threads + "; it must be 1 to 1024");
    }
    Objects.requireNonNull(listener, "listener");
  }

  /**
   * Settings of a backend that was asked for by name, with nobody listening.
   *
   * @param threads threads on the host that share the work, 1 to 1024
   */
  public BackendOptions(int threads) {
    this(threads, false, StageListener.NONE);
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
    return new BackendOptions(threads, true, listener);
  }

  /**
   * Returns the same settings with another listener.
   *
   * @param listener hears how long the stages of the work take
   * @return settings with that listener
   */
  public BackendOptions withListener(StageListener listener) {
    return new BackendOptions(threads, automatic, listener);
  }
}
