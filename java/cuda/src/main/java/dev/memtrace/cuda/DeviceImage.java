// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The cells of memory on the device: ascending page numbers and the pages' cells. */
final class DeviceImage implements AutoCloseable {
  /** Chunks of a page; a page of a smaller address space has zeros beyond its cells. */
  static final long PAGE_CHUNKS = 512;

  private static final int PAGE_BITS = 12;
  private static final long PAGE_BYTES = 4L << PAGE_BITS;

  private final DeviceScope scope;
  private final Arguments.Image image;

  /** Page numbers on the host, from where the stream copies them. */
  private @Nullable MemorySegment numbers;

  private final BufferPool pool;
  private long uploadedBytes;

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
            uploadedBytes += 4L * pageCells;
            next[0]++;
          });
      stream.copyToDevice(onHost.asSlice(0, 8 * count), keys, 0);
      uploadedBytes += 8 * count;
      image = new Arguments.Image(keys, cells, count);
      numbers = onHost;
    } catch (RuntimeException | Error e) {
      // The buffer does not go back to the pool: the stream may still read it.
      Closing.after(e, scope::close);
      throw e;
    }
  }

  /**
   * Enqueues the copy of an image and new pages of zeros.
   *
   * @param before the image to copy
   * @param newPages how many pages are new
   * @param merge what merge_pages takes after its image: what tells the new pages
   */
  DeviceImage(CudaStream stream, DeviceImage before, long newPages, Arguments.Group merge) {
    this.scope = new DeviceScope(stream);
    this.pool = before.pool;
    long count = before.image.count() + newPages;
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer keys = scope.allocate(8 * count, "page numbers of the image");
      DeviceBuffer cells = scope.allocate(PAGE_BYTES * count, "image");
      DeviceBuffer origins = temporary.allocate(4 * count, "origins of pages");
      CudaDevice device = stream.device();
      stream.launch(
          device.kernel("merge_pages"),
          Arguments.items(count).add(before.image).add(merge).add(keys).add(origins).words());
      stream.launch(
          device.kernel("move_pages"),
          Arguments.items(PAGE_BYTES / 16 * count)
              .add(before.image)
              .add(origins)
              .add(cells)
              .words());
      image = new Arguments.Image(keys, cells, count);
    } catch (RuntimeException | Error e) {
      Closing.after(e, scope::close);
      throw e;
    }
  }

  /** Device memory of an image. */
  static long bytes(long pages) {
    return (8 + PAGE_BYTES) * pages;
  }

  /** How many bytes were copied from the host. */
  long uploadedBytes() {
    return uploadedBytes;
  }

  Arguments.Image arguments() {
    return image;
  }

  /** Gives back what only the upload needs. The stream has done its work. */
  void uploaded() {
    MemorySegment released = numbers;
    numbers = null;
    if (released != null) {
      pool.release(released);
    }
  }

  /** Frees the buffers. The stream has done its work. */
  @Override
  public void close() {
    scope.close();
    uploaded();
  }
}
