// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.util.ArrayList;
import java.util.List;

/** Device buffers that are freed together, whatever fails in between. Not thread-safe. */
final class DeviceScope implements AutoCloseable {
  private final CudaStream stream;
  private final List<DeviceBuffer> buffers = new ArrayList<>();

  DeviceScope(CudaStream stream) {
    this.stream = stream;
  }

  /** A buffer of arbitrary content. */
  DeviceBuffer allocate(long bytes, String owner) {
    DeviceBuffer buffer = stream.allocate(bytes, owner);
    buffers.add(buffer);
    return buffer;
  }

  /** A buffer of zeros. */
  DeviceBuffer allocateZeroed(long bytes, String owner) {
    DeviceBuffer buffer = stream.allocateZeroed(bytes, owner);
    buffers.add(buffer);
    return buffer;
  }

  /** Frees one buffer before the others. */
  void free(DeviceBuffer buffer) {
    buffers.remove(buffer);
    buffer.close();
  }

  /** Leaves a buffer to the caller. */
  DeviceBuffer release(DeviceBuffer buffer) {
    buffers.remove(buffer);
    return buffer;
  }

  /** Leaves all buffers to the caller. */
  void releaseAll() {
    buffers.clear();
  }

  @Override
  public void close() {
    List<Runnable> steps = new ArrayList<>();
    buffers.forEach(buffer -> steps.add(buffer::close));
    buffers.clear();
    Closing.all(steps);
  }
}
