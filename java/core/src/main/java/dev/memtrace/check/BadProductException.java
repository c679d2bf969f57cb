// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

/** Thrown by a source whose product is not there or not of the size that it should have. */
public final class BadProductException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what is wrong with the product
   */
  public BadProductException(String message) {
    super(message);
  }
}
