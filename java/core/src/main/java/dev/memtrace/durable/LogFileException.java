// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

/**
 * Thrown when a log file cannot be read or written: no log, a version or configuration that does
 * not exist, damage, a full disk, a file in use. The message names the file, the place in it, the
 * value, the limit and the way out.
 */
public final class LogFileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what is wrong, where, and what to do
   */
  public LogFileException(String message) {
    super(message);
  }

  /**
   * Creates the exception with what the system reported.
   *
   * @param message what is wrong, where, and what to do
   * @param cause the error below
   */
  public LogFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
