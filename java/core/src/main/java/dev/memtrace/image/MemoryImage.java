// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

import dev.memtrace.config.MemoryConfig;

/**
 * The cells of all address spaces, read-only. A cell that was never set is zero, and an all-zero
 * page is the same as no page. Values are canonical BabyBear elements.
 */
public interface MemoryImage {

  /**
   * Returns the configuration whose address spaces this image has.
   *
   * @return the configuration
   */
  MemoryConfig config();

  /**
   * Reads a cell.
   *
   * @param addressSpace address space, from {@code asOffset}
   * @param pointer cell, below {@code 2^pointerMaxBits}
   * @return its value
   * @throws IllegalArgumentException if there is no such cell
   */
  int get(int addressSpace, int pointer);

  /**
   * Visits every page that was ever written, in ascending (address space, pointer) order.
   *
   * @param visitor called once a page
   */
  void forEachPage(PageVisitor visitor);

  /**
   * Visits every cell that is not zero, in ascending (address space, pointer) order.
   *
   * @param visitor called once a cell
   */
  default void forEachNonZero(CellVisitor visitor) {
    forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          for (int i = 0; i < cells; i++) {
            int value = memory.get(AddressMap.WORD, offset + 4L * i);
            if (value != 0) {
              visitor.visit(addressSpace, firstPointer + i, value);
            }
          }
        });
  }

  /**
   * Counts the cells that are not zero.
   *
   * @return cells
   */
  default long nonZeroCells() {
    long[] count = new long[1];
    forEachNonZero((addressSpace, pointer, value) -> count[0]++);
    return count[0];
  }
}
