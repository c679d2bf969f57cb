// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

/** Ends a command with exit code 130. */
final class InterruptedCommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InterruptedCommandException(Throwable cause) {
    this("interrupted; nothing was kept", cause);
  }

  InterruptedCommandException(String message, Throwable cause) {
    super(message, cause);
  }
}
