// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The touched blocks of the mode's initial size (cells in volatile mode, chunks in persistent
 * mode), in ascending order of (address space, pointer), page by page.
 */
public final class TouchedBlocks {
  private final UsedPages used;
  private final int blockSize;
  private final int untouched;

  /** Number of touched blocks before the i-th page; one entry more than there are pages. */
  private final long[] before;

  TouchedBlocks(List<Lane> lanes, int blockSize) {
    this.used = new UsedPages(lanes);
    this.blockSize = blockSize;
    this.untouched = lanes.getFirst().blocks().blocks().untouched();
    this.before = new long[used.count() + 1];
    long[] count = new long[1];
    for (int i = 0; i < used.count(); i++) {
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
    return before[used.count()];
  }

  /**
   * Returns the number of pages that have been used.
   *
   * @return pages
   */
  public int pages() {
    return used.count();
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
    int space = used.addressSpace(i);
    int first = used.firstPointer(i);
    MemorySegment states = used.states(i);
    long firstState = used.stateOffset(i);
    MemorySegment memory = used.memory(i);
    long offset = used.offset(i);
    long ordinal = before[i];
    for (int c = 0; c < BlockMap.PAGE_SIZE; c += blockSize) {
      int state = states.get(BlockMap.WORD, firstState + 4L * c);
      if (state != untouched) {
        visitor.visit(
            ordinal++, space, first + c, BlockMap.timestamp(state), memory, offset + 4L * c);
      }
    }
  }
}
