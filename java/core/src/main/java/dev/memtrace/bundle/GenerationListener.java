// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

/** Hears how far a generation has come. Called on the thread that generates. */
@FunctionalInterface
public interface GenerationListener {

  /** A kind of work. */
  enum Stage {
    /** Reading and checking the log and the initial memory. */
    READ,
    /** Replaying the log, finalising memory, hashing. */
    REPLAY,
    /** Making traces. */
    TRACES,
    /** Writing products. */
    WRITE
  }

  /** A listener that does nothing. */
  GenerationListener NONE = (stage, fraction) -> {};

  /**
   * Hears about progress.
   *
   * @param stage the work that goes on; TRACES and WRITE alternate
   * @param fraction an estimate of how much of everything is done, 0 to 1, never less than before
   */
  void progress(Stage stage, double fraction);
}
