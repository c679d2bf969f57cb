// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The nodes of one height that are touched or not zero at first, in ascending order of their index.
 * Digests are in Montgomery form.
 */
final class TreeLevel {
  static final int DIGEST = 8;
  static final int ABSENT = -1;

  long[] index = new long[16];

  /** Position among the touched nodes of this height, or {@link #ABSENT}. */
  int[] touched = new int[16];

  /** Whether the whole subtree was zero before the segment. */
  boolean[] zero = new boolean[16];

  int size;
  int touchedSize;

  /** Digests before the segment, of every node. */
  final IntBuffer64 initial;

  /** Digests after the segment, of every touched node. */
  final IntBuffer64 after;

  TreeLevel(BufferPool pool, long nodes, long touchedNodes) {
    initial = new IntBuffer64(pool, DIGEST * nodes);
    after = new IntBuffer64(pool, DIGEST * touchedNodes);
  }

  int add(long nodeIndex, boolean isTouched, boolean isZero) {
    if (size == index.length) {
      int room = Math.multiplyExact(size, 2);
      index = Arrays.copyOf(index, room);
      touched = Arrays.copyOf(touched, room);
      zero = Arrays.copyOf(zero, room);
    }
    index[size] = nodeIndex;
    touched[size] = isTouched ? touchedSize++ : ABSENT;
    zero[size] = isZero;
    return size++;
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
