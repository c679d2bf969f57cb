// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.offheap.IntBuffer64;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.lang.foreign.MemorySegment;

/**
 * Sorts the rows of a table as tuples of unsigned words, the first column most significant, without
 * moving them: two columns at a time by radix, then on within runs of equal rows.
 */
final class RowSorter {
  private static final int SMALL = 64;
  private static final int DIGIT_BITS = 11;
  private static final int DIGITS = 1 << DIGIT_BITS;
  private static final int KEY_BITS = 64;

  private final MemorySegment table;
  private final int width;
  private final int[] order;
  private final int[] otherOrder;
  private final long[] keys;
  private final long[] otherKeys;

  private RowSorter(MemorySegment table, int rows, int width) {
    this.table = table;
    this.width = width;
    this.order = new int[rows];
    this.otherOrder = new int[rows];
    this.keys = new long[rows];
    this.otherKeys = new long[rows];
    for (int i = 0; i < rows; i++) {
      order[i] = i;
    }
  }

  /** Returns the row numbers in ascending order of the rows. */
  static int[] order(MemorySegment table, int rows, int width) {
    RowSorter sorter = new RowSorter(table, rows, width);
    sorter.sort(0, rows, 0);
    return sorter.order;
  }

  /** Sorts positions whose rows agree in all columns before the given one. */
  private void sort(int from, int to, int firstColumn) {
    int column = firstColumn;
    while (to - from > SMALL && column < width) {
      if (loadKeys(from, to, column)) {
        sortKeys(from, to);
        column += 2;
        sortRuns(from, to, column);
        return;
      }
      column += 2;
    }
    if (to - from > 1 && column < width) {
      int rest = column;
      IntArrays.quickSort(order, from, to, (a, b) -> compare(a, b, rest));
    }
  }

  private void sortRuns(int from, int to, int column) {
    int run = from;
    for (int i = from + 1; i < to; i++) {
      if (keys[i] != keys[i - 1]) {
        sortRun(run, i, column);
        run = i;
      }
    }
    sortRun(run, to, column);
  }

  /** A run inside the sorted positions; its keys are not needed any more. */
  private void sortRun(int from, int to, int column) {
    if (to - from > 1) {
      sort(from, to, column);
    }
  }

  /** Fills the keys with two columns; says whether they differ. */
  private boolean loadKeys(int from, int to, int column) {
    boolean pair = column + 1 < width;
    long differences = 0;
    for (int i = from; i < to; i++) {
      long at = 4 * ((long) order[i] * width + column);
      long key = Integer.toUnsignedLong(table.get(IntBuffer64.WORD, at)) << 32;
      if (pair) {
        key |= Integer.toUnsignedLong(table.get(IntBuffer64.WORD, at + 4));
      }
      keys[i] = key;
      differences |= key ^ keys[from];
    }
    return differences != 0;
  }

  private void sortKeys(int from, int to) {
    long differences = 0;
    for (int i = from; i < to; i++) {
      differences |= keys[i] ^ keys[from];
    }
    for (int shift = 0; shift < KEY_BITS; shift += DIGIT_BITS) {
      if ((differences >>> shift & (DIGITS - 1)) != 0) {
        sortByDigit(from, to, shift);
      }
    }
  }

  private void sortByDigit(int from, int to, int shift) {
    int[] next = new int[DIGITS + 1];
    for (int i = from; i < to; i++) {
      next[digit(keys[i], shift) + 1]++;
    }
    next[0] = from;
    for (int d = 0; d < DIGITS; d++) {
      next[d + 1] += next[d];
    }
    for (int i = from; i < to; i++) {
      int at = next[digit(keys[i], shift)]++;
      otherKeys[at] = keys[i];
      otherOrder[at] = order[i];
    }
    System.arraycopy(otherKeys, from, keys, from, to - from);
    System.arraycopy(otherOrder, from, order, from, to - from);
  }

  private static int digit(long key, int shift) {
    return (int) (key >>> shift) & (DIGITS - 1);
  }

  private int compare(int a, int b, int column) {
    long atA = 4 * ((long) a * width + column);
    long atB = 4 * ((long) b * width + column);
    for (int i = column; i < width; i++, atA += 4, atB += 4) {
      int wordA = table.get(IntBuffer64.WORD, atA);
      int wordB = table.get(IntBuffer64.WORD, atB);
      if (wordA != wordB) {
        return Integer.compareUnsigned(wordA, wordB);
      }
    }
    return 0;
  }
}
