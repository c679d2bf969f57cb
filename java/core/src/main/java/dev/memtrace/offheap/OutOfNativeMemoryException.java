// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.offheap;

/** Thrown when native memory cannot be had; nothing was allocated. */
public final class OutOfNativeMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Bytes that were asked for. */
  private final long bytes;

  OutOfNativeMemoryException(long bytes, Throwable cause) {
    super(
        "cannot allocate "
            + bytes
            + " bytes of native memory ("
            + cause.getMessage()
            + "); raise the limit with -XX:MaxDirectMemorySize or use shorter segments",
        cause);
    this.bytes = bytes;
  }

  /**
   * Returns the size of the allocation that failed.
   *
   * @return bytes
   */
  public long bytes() {
    return bytes;
  }
}
