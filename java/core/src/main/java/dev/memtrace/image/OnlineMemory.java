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
 * registers and memory do not evict each other. Within it all bits of the pointer choose the place,
 * so that buffers a power of two apart do not either. Not thread-safe.
 */
public final class OnlineMemory {
  private static final int LINE_BITS = 5;
  private static final int LINE = 1 << LINE_BITS;
  private static final int LINE_MASK = LINE - 1;
  private static final int SPACE_SHIFT = 31;
  private static final int POINTER_MASK = Integer.MAX_VALUE & -LINE;
  private static final int PARTS = 4;

  /** Cells of a part of the cache. */
  private static final int PART_BITS = 14;

  private static final int PART_MASK = (1 << PART_BITS) - 1;

  /** Bits of a pointer that number the lines of a part. */
  private static final int PLACE_BITS = PART_BITS - LINE_BITS;

  private static final int LINES = PARTS << PLACE_BITS;

  /** In a tag: no address is as far below it as a line is long. */
  private static final long NEVER_FOUND = Long.MIN_VALUE;

  private final AddressMap map;
  private final int[] cells = new int[LINES << LINE_BITS];

  /** Address of the first cell of the line in each place, or {@link #NEVER_FOUND}. */
  private final long[] tags = new long[LINES];

  private final boolean[] dirty = new boolean[LINES];
  private final int[] scratch = new int[LINE];

  /**
   * Set in tags: {@link #NEVER_FOUND} if an address space is smaller than a line, so that {@link
   * #holds4} says no.
   */
  private final long shortLine;

  /**
   * Creates a memory that begins with the cells of an image.
   *
   * @param initial the cells to begin with; must not change or be released while this is used
   * @param pool where pages come from
   */
  public OnlineMemory(AddressMap initial, BufferPool pool) {
    this.map = AddressMap.over(initial, pool);
    Arrays.fill(tags, NEVER_FOUND);
    this.shortLine = lineCells() < LINE ? NEVER_FOUND : 0;
  }

  /**
   * Reads a cell that the caller knows to exist.
   *
   * @param addressSpace a legal address space
   * @param pointer a legal pointer
   * @return its value
   */
  public int cell(int addressSpace, int pointer) {
    return cells[place(addressSpace, pointer)];
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
    int at = place(addressSpace, pointer);
    int old = cells[at];
    cells[at] = value;
    dirty[at >>> LINE_BITS] = true;
    return old;
  }

  /**
   * Says whether 4 consecutive cells are in the cache, whose lines hold only cells that exist.
   *
   * @param addressSpace any number
   * @param pointer any number
   * @return whether they exist, and lie in one line of the cache at {@link #placeOf}
   */
  public boolean holds4(int addressSpace, int pointer) {
    // What is not negative and at most LINE - 4 is a cell of the line, with three more after it.
    long inLine =
        address(addressSpace, pointer) - tags[placeOf(addressSpace, pointer) >>> LINE_BITS];
    return Long.compareUnsigned(inLine, LINE - 4) <= 0;
  }

  /**
   * Reads 4 cells from the cache.
   *
   * @param at their {@link #placeOf}; {@link #holds4} says that they are there
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
   * @param at their {@link #placeOf}; {@link #holds4} says that they are there
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
      int at = place(addressSpace, pointer + done);
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
    place(addressSpace, pointer + n - 1);
    read(addressSpace, pointer, n, previous, previousOffset);
    for (int i = 0; i < n; i++) {
      exchangeCell(addressSpace, pointer + i, scratch[i]);
    }
  }

  /** The place of a cell in the cache, where its line is brought if it is not there. */
  private int place(int addressSpace, int pointer) {
    int at = placeOf(addressSpace, pointer);
    long tag = (address(addressSpace, pointer) & -LINE) | shortLine;
    if (tags[at >>> LINE_BITS] != tag) {
      bring(at >>> LINE_BITS, tag);
    }
    return at;
  }

  /**
   * Returns where a cell lies in the cache if it is there.
   *
   * @param addressSpace any number
   * @param pointer any number
   * @return its place
   */
  public static int placeOf(int addressSpace, int pointer) {
    int higher = (pointer >>> PLACE_BITS) ^ (pointer >>> (2 * PLACE_BITS));
    return ((addressSpace & (PARTS - 1)) << PART_BITS) | ((pointer ^ (higher & -LINE)) & PART_MASK);
  }

  /** One number for each cell that exists, and negative if a number is. */
  private static long address(int addressSpace, int pointer) {
    return ((long) addressSpace << SPACE_SHIFT) | pointer;
  }

  private void bring(int line, long tag) {
    writeBack(line);
    tags[line] = NEVER_FOUND;
    map.readCells(
        (int) (tag >>> SPACE_SHIFT),
        (int) tag & POINTER_MASK,
        lineCells(),
        cells,
        line << LINE_BITS);
    tags[line] = tag;
  }

  private void writeBack(int line) {
    if (dirty[line]) {
      long tag = tags[line];
      map.writeCells(
          (int) (tag >>> SPACE_SHIFT),
          (int) tag & POINTER_MASK,
          lineCells(),
          cells,
          line << LINE_BITS);
      dirty[line] = false;
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
    for (int line = 0; line < LINES; line++) {
      writeBack(line);
    }
    return map;
  }

  /** Returns all pages to the pool; the memory must not be used afterwards. */
  public void release() {
    map.release();
    Arrays.fill(tags, NEVER_FOUND);
    Arrays.fill(dirty, false);
  }
}
