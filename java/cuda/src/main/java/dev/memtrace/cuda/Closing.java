// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Closes everything, whatever fails on the way. */
final class Closing {
  private Closing() {}

  /** Runs all steps in order; then throws the first failure, to which later ones are added. */
  static void all(List<Runnable> steps) {
    Throwable first = null;
    for (Runnable step : steps) {
      try {
        step.run();
      } catch (RuntimeException | Error e) {
        first = join(first, e);
      }
    }
    if (first instanceof Error error) {
      throw error;
    }
    if (first instanceof RuntimeException exception) {
      throw exception;
    }
  }

  /** Runs a step after a failure, to which its own failure is added. */
  static void after(Throwable failure, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      join(failure, e);
    }
  }

  private static Throwable join(@Nullable Throwable first, Throwable next) {
    if (first == null) {
      return next;
    }
    if (!first.equals(next)) {
      first.addSuppressed(next);
    }
    return first;
  }
}
