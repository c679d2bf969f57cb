// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Memory before the first access, on the device: ascending page numbers and the pages' cells. */
final class DeviceImage implements AutoCloseable {
  private static final int PAGE_BITS = 12;
  private static final long PAGE_BYTES = 4L << PAGE_BITS;

  private final DeviceScope scope;
  private final BufferPool pool;
  private final Arguments.Image image;

  /** Page numbers on the host, from where the stream copies them. */
  private @Nullable MemorySegment numbers;

  /** Enqueues the copies; the cells must stay as they are until the stream has done its work. */
  DeviceImage(CudaStream stream, AddressMap initial, BufferPool pool) {
    this.scope = new DeviceScope(stream);
    this.pool = pool;
    MemoryConfig config = initial.config();
    long[] pages = {0};
    initial.forEachPage((_, _, _, _, _) -> pages[0]++);
    long count = pages[0];
    if (count == 0) {
      image = new Arguments.Image(null, null, 0);
      return;
    }
    MemorySegment onHost = pool.acquire(8 * count);
    try {
      DeviceBuffer keys = scope.allocate(8 * count, "page numbers of the initial image");
      DeviceBuffer cells = scope.allocateZeroed(PAGE_BYTES * count, "initial image");
      int pageBits = Math.max(0, config.pointerMaxBits() - PAGE_BITS);
      long[] next = {0};
      initial.forEachPage(
          (addressSpace, firstPointer, memory, offset, pageCells) -> {
            long number =
                ((long) (addressSpace - config.asOffset()) << pageBits)
                    | (firstPointer >>> PAGE_BITS);
            onHost.set(IntBuffer64.PAIR, 8 * next[0], number);
            stream.copyToDevice(
                memory.asSlice(offset, 4L * pageCells), cells, PAGE_BYTES * next[0]);
            next[0]++;
          });
      stream.copyToDevice(onHost.asSlice(0, 8 * count), keys, 0);
      image = new Arguments.Image(keys, cells, count);
      numbers = onHost;
    } catch (RuntimeException | Error e) {
      // The buffer does not go back to the pool: the stream may still read it.
      Closing.after(e, scope::close);
      throw e;
    }
  }

  Arguments.Image arguments() {
    return image;
  }

  /** Frees the buffers. The stream has done its work. */
  @Override
  public void close() {
    scope.close();
    MemorySegment released = numbers;
    numbers = null;
    if (released != null) {
      pool.release(released);
    }
  }
}
