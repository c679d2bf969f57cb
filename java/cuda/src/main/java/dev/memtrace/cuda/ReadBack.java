// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** Small results on the device that are read with one wait. */
final class ReadBack implements AutoCloseable {
  private final CudaStream stream;
  private final BufferPool pool;
  private final MemorySegment words;
  private final long room;
  private long size;
  private boolean complete = true;

  /**
   * Creates a read-back of nothing.
   *
   * @param stream whose results are read
   * @param pool where they are read to
   * @param bytes room for results
   */
  ReadBack(CudaStream stream, BufferPool pool, long bytes) {
    this.stream = stream;
    this.pool = pool;
    // A copy to memory that is not page-locked would wait by itself.
    this.words = pool.acquire(Math.max(bytes, PinnedMemory.SMALLEST));
    this.room = bytes;
  }

  /** Enqueues a copy, and returns where it will begin. */
  long add(DeviceBuffer source, long offset, long bytes) {
    long at = size;
    Objects.checkFromIndexSize(at, bytes, room);
    complete = false;
    stream.copyToHost(source, offset, words.asSlice(at, bytes));
    size += bytes;
    return at;
  }

  /**
   * Waits for the stream.
   *
   * @return the results, valid until {@link #close()}
   */
  MemorySegment await() {
    stream.synchronize();
    complete = true;
    return words.asSlice(0, size);
  }

  /** Waits for copies that are still under way, and gives the memory back. */
  @Override
  public void close() {
    if (!complete) {
      // If this fails, the memory does not go back: the device may still write it.
      stream.synchronize();
    }
    pool.release(words);
  }
}
