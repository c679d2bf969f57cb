// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import java.util.Arrays;

/**
 * Splits and merges of blocks in the order in which they happen: adapter rows without their values.
 * Made by the pass over blocks, read by the pass over cells.
 */
final class BlockEvents {
  private static final int ENTRY = 0;
  private static final int KIND = 1;
  private static final int SPACE = 2;
  private static final int POINTER = 3;
  private static final int LEFT = 4;
  private static final int RIGHT = 5;
  private static final int WORDS = 6;

  /** Events after which a batch of log entries should end. */
  private static final int FULL = 1 << 14;

  private int[] words = new int[64 * WORDS];
  private int used;

  void add(
      int entry, int logSize, boolean split, int addressSpace, int pointer, int left, int right) {
    if (used == words.length) {
      words = Arrays.copyOf(words, 2 * used);
    }
    words[used + ENTRY] = entry;
    words[used + KIND] = logSize << 1 | (split ? 1 : 0);
    words[used + SPACE] = addressSpace;
    words[used + POINTER] = pointer;
    words[used + LEFT] = left;
    words[used + RIGHT] = right;
    used += WORDS;
  }

  int size() {
    return used / WORDS;
  }

  boolean isFull() {
    return used >= FULL * WORDS;
  }

  void clear() {
    used = 0;
  }

  /** The entry of its log segment that caused an event. */
  int entry(int event) {
    return words[event * WORDS + ENTRY];
  }

  /** Log2 of the size of the parent block. */
  int logSize(int event) {
    return words[event * WORDS + KIND] >>> 1;
  }

  /** 1 for a split, 0 for a merge. */
  int isSplit(int event) {
    return words[event * WORDS + KIND] & 1;
  }

  int addressSpace(int event) {
    return words[event * WORDS + SPACE];
  }

  /** First cell of the parent block. */
  int pointer(int event) {
    return words[event * WORDS + POINTER];
  }

  /** Timestamp of the left child. */
  int left(int event) {
    return words[event * WORDS + LEFT];
  }

  /** Timestamp of the right child. */
  int right(int event) {
    return words[event * WORDS + RIGHT];
  }
}
