// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Device memory that was allocated in the order of a stream, and is freed in it. Work of other
 * streams must be ordered after the allocation and before the closing by events or by waiting.
 */
final class DeviceBuffer implements AutoCloseable {
  private final CudaDevice device;
  private final CudaStream stream;
  private final long address;
  private final long bytes;
  private final String owner;
  private final AtomicBoolean closed = new AtomicBoolean();

  DeviceBuffer(CudaStream stream, long address, long bytes, String owner) {
    this.device = stream.device();
    this.stream = stream;
    this.address = address;
    this.bytes = bytes;
    this.owner = owner;
  }

  /** The address of the first byte; 0 if the buffer is empty. */
  long address() {
    if (closed.get()) {
      throw new IllegalStateException("the device buffer of " + owner + " is closed");
    }
    return address;
  }

  /** The address of a range, which must lie in the buffer. */
  long address(long offset, long length) {
    long start = address();
    return start + Objects.checkFromIndexSize(offset, length, bytes);
  }

  /** The size in bytes. */
  long bytes() {
    return bytes;
  }

  /** What it is for, as errors say. */
  String owner() {
    return owner;
  }

  CudaDevice device() {
    return device;
  }

  /** The address for the call that frees the memory, which comes after the closing. */
  long freedAddress() {
    return address;
  }

  /**
   * Frees the memory when all work that is on the stream now is done. Closing twice has no effect.
   */
  @Override
  public void close() {
    if (!closed.getAndSet(true)) {
      device.free(this, stream);
    }
  }
}
