// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

/** Thrown when a batch cannot work here; the message is one line for users. */
public final class Poseidon2UnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param reason what is missing, one line
   */
  public Poseidon2UnavailableException(String reason) {
    super(reason);
  }

  /**
   * Creates an exception.
   *
   * @param reason what is missing, one line
   * @param cause what it was noticed by
   */
  public Poseidon2UnavailableException(String reason, Throwable cause) {
    super(reason, cause);
  }

  /**
   * Returns the reason.
   *
   * @return one line
   */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
