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
  private static final int PARTS = 4;
  private static final int LINES = PARTS << SET_BITS;
  private static final long NO_LINE = -1;

  private final AddressMap map;
  private final int[] cells = new int[LINES << LINE_BITS];

  /** Which line lies in each place: address space and line number, or {@link #NO_LINE}. */
  private final long[] tags = new long[LINES];

  private final boolean[] dirty = new boolean[LINES];
  private final int[] scratch = new int[LINE];

  /**
   * Creates a memory that begins with the cells of an image.
   *
   * @param initial the cells to begin with; must not change or be released while this is used
   * @param pool where pages come from
   */
  public OnlineMemory(AddressMap initial, BufferPool pool) {
    this.map = AddressMap.over(initial, pool);
    Arrays.fill(tags, NO_LINE);
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
   * Reads consecutive cells, which the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer first cell
   * @param n number of cells, all below {@code 2^pointerMaxBits}
   * @param out receives the values
   * @param offset index of the first one in {@code out}
   */
  public void read(int addressSpace, int pointer, int n, int[] out, int offset) {
    int inLine = pointer & LINE_MASK;
    if (n == 4 && inLine <= LINE - 4) {
      int[] from = cells;
      int at = (line(addressSpace, pointer) << LINE_BITS) + inLine;
      out[offset] = from[at];
      out[offset + 1] = from[at + 1];
      out[offset + 2] = from[at + 2];
      out[offset + 3] = from[at + 3];
      return;
    }
    readAny(addressSpace, pointer, n, out, offset);
  }

  private void readAny(int addressSpace, int pointer, int n, int[] out, int offset) {
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
    int inLine = pointer & LINE_MASK;
    if (n == 4 && inLine <= LINE - 4) {
      int line = line(addressSpace, pointer);
      int[] memory = cells;
      int at = (line << LINE_BITS) + inLine;
      int new0 = in[inOffset];
      int new1 = in[inOffset + 1];
      int new2 = in[inOffset + 2];
      int new3 = in[inOffset + 3];
      previous[previousOffset] = memory[at];
      previous[previousOffset + 1] = memory[at + 1];
      previous[previousOffset + 2] = memory[at + 2];
      previous[previousOffset + 3] = memory[at + 3];
      memory[at] = new0;
      memory[at + 1] = new1;
      memory[at + 2] = new2;
      memory[at + 3] = new3;
      dirty[line] = true;
      return;
    }
    exchangeAny(addressSpace, pointer, n, in, inOffset, previous, previousOffset);
  }

  private void exchangeAny(
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
    readAny(addressSpace, pointer, n, previous, previousOffset);
    for (int i = 0; i < n; i++) {
      exchangeCell(addressSpace, pointer + i, scratch[i]);
    }
  }

  /** The place of the line of a cell in the cache, where it is brought if it is not there. */
  private int line(int addressSpace, int pointer) {
    int number = pointer >>> LINE_BITS;
    int place = ((addressSpace & (PARTS - 1)) << SET_BITS) | (number & SET_MASK);
    long tag = ((long) addressSpace << 32) | number;
    if (tags[place] != tag) {
      bring(place, tag);
    }
    return place;
  }

  private void bring(int place, long tag) {
    writeBack(place);
    tags[place] = NO_LINE;
    map.readCells(
        (int) (tag >>> 32), (int) tag << LINE_BITS, lineCells(), cells, place << LINE_BITS);
    tags[place] = tag;
  }

  private void writeBack(int place) {
    if (dirty[place]) {
      long tag = tags[place];
      map.writeCells(
          (int) (tag >>> 32), (int) tag << LINE_BITS, lineCells(), cells, place << LINE_BITS);
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
