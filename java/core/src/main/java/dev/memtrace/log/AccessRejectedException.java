// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

/**
 * Thrown when an operation would make an illegal log entry. Memory, log, clock and counts are as
 * they were before the call.
 */
public final class AccessRejectedException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message the operation, the offending value, the limit
   */
  public AccessRejectedException(String message) {
    super(message);
  }
}
