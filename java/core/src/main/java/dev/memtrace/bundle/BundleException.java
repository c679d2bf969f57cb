// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

/**
 * Thrown when a bundle cannot be read or written: bad content, a folder in use, a full disk. The
 * message names the file, the place in it, the value, the limit and the way out.
 */
public final class BundleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what is wrong, where, and what to do
   */
  public BundleException(String message) {
    super(message);
  }

  /**
   * Creates the exception with what the system reported.
   *
   * @param message what is wrong, where, and what to do
   * @param cause the error below
   */
  public BundleException(String message, Throwable cause) {
    super(message, cause);
  }
}
