// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/**
 * Thrown when a device no longer works in this process, and by every later call on it. A new
 * process may use it again.
 */
public final class DeviceLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message the call and the error that it returned
   */
  public DeviceLostException(String message) {
    super(message);
  }
}
