// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/**
 * Thrown when a memory state cannot be saved or loaded. The message names the file, what is wrong
 * with it and the way out.
 */
public final class MemoryStateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what is wrong, where, and what to do
   */
  public MemoryStateException(String message) {
    super(message);
  }

  /**
   * Creates the exception with what the system reported.
   *
   * @param message what is wrong, where, and what to do
   * @param cause the error below
   */
  public MemoryStateException(String message, Throwable cause) {
    super(message, cause);
  }
}
