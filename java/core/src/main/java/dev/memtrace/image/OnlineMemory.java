// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

import dev.memtrace.offheap.BufferPool;
import java.util.Arrays;

/**
 * Memory while a program runs: an {@link AddressMap} behind a write-back cache of lines on the
 * heap. An access to an array on the heap takes a third of the instructions of one to native
 * memory, and most accesses of a program go to few lines.
 *
 * <p>The cache is direct-mapped. Address spaces that are equal modulo 4 share a part of it, so that
 * registers and memory do not evict each other. Not thread-safe.
 */
public final class OnlineMemory {
  private static final int LINE_BITS = 5;
  private static final int LINE = 1 << LINE_BITS;
  private static final int LINE_MASK = LINE - 1;
  private static final int SET_BITS = 9;
  private static final int SET_MASK = (1 << SET_BITS) - 1;
  private static final int SPACE_SHIFT = 31;
  private static final int POINTER_MASK = Integer.MAX_VALUE & -LINE;
  private static final int PARTS = 4;
  private static final int LINES = PARTS << SET_BITS;
  private static final long NO_LINE = -1;

  private final AddressMap map;
  private final int[] cells = new int[LINES << LINE_BITS];

  /** Address space and first pointer of the line in each place, or {@link #NO_LINE}. */
  private final long[] tags = new long[LINES];

  private final boolean[] dirty = new boolean[LINES];
  private final int[] scratch = new int[LINE];

  /** Set in tags if an address space is smaller than a line, so that {@link #find4} finds none. */
  private final long shortLine;

  /**
   * Creates a memory that begins with the cells of an image.
   *
   * @param initial the cells to begin with; must not change or be released while this is used
   * @param pool where pages come from
   */
  public OnlineMemory(AddressMap initial, BufferPool pool) {
    this.map = AddressMap.over(initial, pool);
    Arrays.fill(tags, NO_LINE);
    this.shortLine = lineCells() < LINE ? 1 : 0;
  }

  /**
   * Reads a cell that the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer a legal pointer
   * @return its value
   */
  public int cell(int addressSpace, int pointer) {
    return cells[(line(addressSpace, pointer) << LINE_BITS) + (pointer & LINE_MASK)];
  }

  /**
   * Replaces a cell that the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer a legal pointer
   * @param value canonical value
   * @return the old value
   */
  public int exchangeCell(int addressSpace, int pointer, int value) {
    int line = line(addressSpace, pointer);
    int at = (line << LINE_BITS) + (pointer & LINE_MASK);
    int old = cells[at];
    cells[at] = value;
    dirty[line] = true;
    return old;
  }

  /**
   * Finds 4 consecutive cells in the cache, whose lines hold only cells that exist.
   *
   * @param addressSpace any number
   * @param pointer any number
   * @return where the cells lie in the cache, or -1 if they do not exist or not lie in one line of
   *     it
   */
  public int find4(int addressSpace, int pointer) {
    long address = ((long) addressSpace << SPACE_SHIFT) | pointer;
    int place = place(addressSpace, pointer >>> LINE_BITS);
    int inLine = pointer & LINE_MASK;
    return tags[place] == (address & -LINE) && inLine <= LINE - 4
        ? (place << LINE_BITS) + inLine
        : -1;
  }

  /**
   * Reads 4 cells from the cache.
   *
   * @param at where {@link #find4} found them
   * @param out receives the values
   * @param offset index of the first one in {@code out}
   */
  public void read4(int at, int[] out, int offset) {
    int[] from = cells;
    out[offset] = from[at];
    out[offset + 1] = from[at + 1];
    out[offset + 2] = from[at + 2];
    out[offset + 3] = from[at + 3];
  }

  /**
   * Replaces 4 cells in the cache by canonical values.
   *
   * @param at where {@link #find4} found them
   * @param value0 value of the first cell
   * @param value1 value of the second cell
   * @param value2 value of the third cell
   * @param value3 value of the fourth cell
   */
  public void write4(int at, int value0, int value1, int value2, int value3) {
    int[] to = cells;
    to[at] = value0;
    to[at + 1] = value1;
    to[at + 2] = value2;
    to[at + 3] = value3;
    dirty[at >>> LINE_BITS] = true;
  }

  /**
   * Reads consecutive cells, which the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer first cell
   * @param n number of cells, all below {@code 2^pointerMaxBits}
   * @param out receives the values
   * @param offset index of the first one in {@code out}
   */
  public void read(int addressSpace, int pointer, int n, int[] out, int offset) {
    for (int done = 0; done < n; ) {
      int inLine = (pointer + done) & LINE_MASK;
      int count = Math.min(n - done, LINE - inLine);
      int at = (line(addressSpace, pointer + done) << LINE_BITS) + inLine;
      System.arraycopy(cells, at, out, offset + done, count);
      done += count;
    }
  }

  /**
   * Replaces consecutive cells, which the caller knows to exist, by canonical values.
   *
   * @param addressSpace a legal address space
   * @param pointer first cell
   * @param n number of cells, at most 32, all below {@code 2^pointerMaxBits}
   * @param in the new values
   * @param inOffset index of the first one in {@code in}
   * @param previous receives the old values; may be the same array as {@code in}
   * @param previousOffset index of the first one in {@code previous}
   */
  public void exchange(
      int addressSpace,
      int pointer,
      int n,
      int[] in,
      int inOffset,
      int[] previous,
      int previousOffset) {
    System.arraycopy(in, inOffset, scratch, 0, n);
    // Both lines are there before a cell changes: bringing one may fail.
    line(addressSpace, pointer + n - 1);
    read(addressSpace, pointer, n, previous, previousOffset);
    for (int i = 0; i < n; i++) {
      exchangeCell(addressSpace, pointer + i, scratch[i]);
    }
  }

  /** The place of the line of a cell in the cache, where it is brought if it is not there. */
  private int line(int addressSpace, int pointer) {
    int place = place(addressSpace, pointer >>> LINE_BITS);
    long tag = ((((long) addressSpace << SPACE_SHIFT) | pointer) & -LINE) | shortLine;
    if (tags[place] != tag) {
      bring(place, tag);
    }
    return place;
  }

  private static int place(int addressSpace, int number) {
    return ((addressSpace & (PARTS - 1)) << SET_BITS) | (number & SET_MASK);
  }

  private void bring(int place, long tag) {
    writeBack(place);
    tags[place] = NO_LINE;
    map.readCells(
        (int) (tag >>> SPACE_SHIFT),
        (int) tag & POINTER_MASK,
        lineCells(),
        cells,
        place << LINE_BITS);
    tags[place] = tag;
  }

  private void writeBack(int place) {
    if (dirty[place]) {
      long tag = tags[place];
      map.writeCells(
          (int) (tag >>> SPACE_SHIFT),
          (int) tag & POINTER_MASK,
          lineCells(),
          cells,
          place << LINE_BITS);
      dirty[place] = false;
    }
  }

  /** Cells of a line that exist: all, unless an address space is smaller than a line. */
  private int lineCells() {
    return Math.min(LINE, map.config().addressSpaceSize());
  }

  /**
   * Writes all cached cells back and returns the map behind the cache.
   *
   * @return memory as it is now, valid until the next access
   */
  public MemoryImage image() {
    for (int place = 0; place < LINES; place++) {
      writeBack(place);
    }
    return map;
  }

  /** Returns all pages to the pool; the memory must not be used afterwards. */
  public void release() {
    map.release();
    Arrays.fill(tags, NO_LINE);
    Arrays.fill(dirty, false);
  }
}
