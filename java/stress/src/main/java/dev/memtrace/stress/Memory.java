// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** Memory for objects that are made by the million, so that it must cost next to nothing. */
final class Memory {
  private static final long SHARED_BYTES = 64L << 20;
  private static final MemorySegment SHARED = Arena.global().allocate(SHARED_BYTES, 64);

  private Memory() {}

  /** A pool of arrays. All have the address 0, so at most one of them may lie in the pool. */
  static BufferPool onHeap() {
    return new BufferPool(Long.MAX_VALUE, bytes -> MemorySegment.ofArray(new long[words(bytes)]));
  }

  private static int words(long bytes) {
    return Math.toIntExact(bytes / Long.BYTES);
  }

  /**
   * A pool of buffers at different addresses that shares its memory with all other such pools: for
   * tests in which nobody looks at the content.
   */
  static BufferPool withoutContent() {
    AtomicLong next = new AtomicLong();
    return new BufferPool(
        Long.MAX_VALUE, bytes -> SHARED.asSlice(next.getAndAdd(bytes) % (SHARED_BYTES / 2), bytes));
  }
}
