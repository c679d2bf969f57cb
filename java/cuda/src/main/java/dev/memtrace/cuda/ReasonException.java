// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

/** Thrown when something that the backend needs is not there; the message is one line for users. */
final class ReasonException extends Exception {
  private static final long serialVersionUID = 1L;

  ReasonException(String reason) {
    super(reason);
  }

  ReasonException(String reason, Throwable cause) {
    super(reason, cause);
  }

  /** The reason. */
  String reason() {
    return String.valueOf(getMessage());
  }
}
