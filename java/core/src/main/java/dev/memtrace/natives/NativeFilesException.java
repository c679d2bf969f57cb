// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.natives;

/** Thrown when no folder can hold a native library; the message is one line for users. */
public final class NativeFilesException extends Exception {
  private static final long serialVersionUID = 1L;

  NativeFilesException(String reason) {
    super(reason);
  }

  NativeFilesException(String reason, Throwable cause) {
    super(reason, cause);
  }

  /**
   * Returns the reason, with a way out.
   *
   * @return one line
   */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
