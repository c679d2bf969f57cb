// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Thrown when a segment is too long to be proved: a multiplicity would reach p, or a trace would
 * have more than 2^27 rows. Nothing was counted; shorter segments help.
 */
public final class TraceLimitException extends ArithmeticException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message the value and the limit
   */
  public TraceLimitException(String message) {
    super(message);
  }
}
