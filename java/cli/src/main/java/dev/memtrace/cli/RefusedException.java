// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

/** Ends a command with exit code 2. */
final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RefusedException(String message) {
    super(message);
  }

  RefusedException(String message, Throwable cause) {
    super(message, cause);
  }
}
