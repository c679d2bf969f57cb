// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.image.PageStore;
import java.lang.foreign.MemorySegment;

/**
 * The touched blocks of the mode's initial size (cells in volatile mode, chunks in persistent
 * mode), in ascending order of (address space, pointer), page by page.
 */
public final class TouchedBlocks {
  private final BlockMap blocks;
  private final int blockSize;
  private final long[] keys;

  /** Number of touched blocks before the i-th page; one entry more than there are pages. */
  private final long[] before;

  TouchedBlocks(BlockMap blocks, int blockSize) {
    this.blocks = blocks;
    this.blockSize = blockSize;
    this.keys = blocks.pages().sortedKeys();
    this.before = new long[keys.length + 1];
    long[] count = new long[1];
    for (int i = 0; i < keys.length; i++) {
      forEachInPage(i, (ordinal, space, pointer, timestamp, memory, offset) -> count[0]++);
      before[i + 1] = count[0];
    }
  }

  /** Receives touched blocks. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * Receives one block.
     *
     * @param ordinal its position among all touched blocks
     * @param addressSpace its address space
     * @param pointer its first cell
     * @param timestamp when it was last accessed; meaningful once the replay is finished
     * @param memory memory that holds its cells
     * @param offset byte offset of its first cell
     */
    void visit(
        long ordinal,
        int addressSpace,
        int pointer,
        int timestamp,
        MemorySegment memory,
        long offset);
  }

  /**
   * Returns the number of touched blocks.
   *
   * @return blocks
   */
  public long count() {
    return before[keys.length];
  }

  /**
   * Returns the number of pages that have been used.
   *
   * @return pages
   */
  public int pages() {
    return keys.length;
  }

  /**
   * Returns how many touched blocks come before a page.
   *
   * @param i page in ascending order, or the number of pages
   * @return blocks
   */
  public long before(int i) {
    return before[i];
  }

  /**
   * Visits the touched blocks of one page.
   *
   * @param i page in ascending order
   * @param visitor called in ascending order of pointers
   */
  public void forEachInPage(int i, Visitor visitor) {
    PageStore pages = blocks.pages();
    int page = pages.find(keys[i]);
    int space = pages.addressSpace(keys[i]);
    int first = pages.firstPointer(keys[i]);
    MemorySegment memory = pages.memory();
    long offset = pages.offset(page);
    int untouched = blocks.untouched();
    long ordinal = before[i];
    for (int c = 0; c < BlockMap.PAGE_SIZE; c += blockSize) {
      int state = memory.get(BlockMap.WORD, offset + BlockMap.STATES + 4L * c);
      if (state != untouched) {
        visitor.visit(
            ordinal++, space, first + c, BlockMap.timestamp(state), memory, offset + 4L * c);
      }
    }
  }
}
