// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

/** What was asked for cannot be measured here; the message says what to change. */
public final class BenchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates a refusal.
   *
   * @param message value, limit, way out
   */
  public BenchException(String message) {
    super(message);
  }

  /**
   * Creates a refusal.
   *
   * @param message value, limit, way out
   * @param cause what found it
   */
  public BenchException(String message, Throwable cause) {
    super(message, cause);
  }
}
