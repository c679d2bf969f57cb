// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

/** What calls of method handles throw, which the compiler takes for anything. */
final class Native {
  private Native() {}

  /** Returns what a call threw if it is unchecked, else an error that wraps it. */
  static RuntimeException failure(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return thrown instanceof RuntimeException e
        ? e
        : new IllegalStateException("a native call failed", thrown);
  }

  /** As {@link #failure(Throwable)}, for a block that throws one checked exception of its own. */
  static <E extends Exception> RuntimeException failure(Throwable thrown, Class<E> own) throws E {
    if (own.isInstance(thrown)) {
      throw own.cast(thrown);
    }
    return failure(thrown);
  }
}
