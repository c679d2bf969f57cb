// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/**
 * Thrown when the memory of a device does not suffice. Nothing was changed, and the backend remains
 * usable.
 */
public final class DeviceMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Bytes that were needed. */
  private final long need;

  /** Bytes that were free. */
  private final long rest;

  /**
   * Creates the exception.
   *
   * @param message what was to be done, what it needs, what is there, and the way out
   * @param need bytes that were needed
   * @param rest bytes that were free
   */
  public DeviceMemoryException(String message, long need, long rest) {
    super(message);
    this.need = need;
    this.rest = rest;
  }

  /**
   * Returns what was needed.
   *
   * @return bytes
   */
  public long need() {
    return need;
  }

  /**
   * Returns what was free.
   *
   * @return bytes
   */
  public long rest() {
    return rest;
  }
}
