// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;

/**
 * The touched nodes of one height in ascending order of their index. Digests are in Montgomery
 * form.
 */
final class TreeLevel {
  static final int DIGEST = ResidentTree.DIGEST;

  final long[] index;
  int size;

  /** Digests before the segment. */
  final IntBuffer64 initial;

  /** Digests after the segment. */
  final IntBuffer64 after;

  TreeLevel(BufferPool pool, int capacity) {
    index = new long[capacity];
    initial = new IntBuffer64(pool, (long) DIGEST * capacity);
    IntBuffer64 second;
    try {
      second = new IntBuffer64(pool, (long) DIGEST * capacity);
    } catch (RuntimeException | Error e) {
      initial.release();
      throw e;
    }
    after = second;
  }

  static void load(IntBuffer64 digests, int node, int[] out, int offset) {
    MemorySegment.copy(
        digests.segment(), IntBuffer64.WORD, 4L * DIGEST * node, out, offset, DIGEST);
  }

  static void store(IntBuffer64 digests, int node, int[] in, int offset) {
    MemorySegment.copy(in, offset, digests.segment(), IntBuffer64.WORD, 4L * DIGEST * node, DIGEST);
  }

  void release() {
    initial.release();
    after.release();
  }
}
