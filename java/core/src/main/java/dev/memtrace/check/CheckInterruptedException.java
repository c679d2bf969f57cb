// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import org.jspecify.annotations.Nullable;

/** A check was interrupted: nothing was found to be right or wrong. */
public final class CheckInterruptedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param cause what the interruption has made fail, or null
   */
  public CheckInterruptedException(@Nullable Throwable cause) {
    super("the check was interrupted before its end; run it again for a verdict", cause);
  }
}
