// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.config;

/**
 * Shape of the memory tree in persistent mode. A leaf is a chunk of 8 cells; the index of a leaf is
 * its address space (from 0) followed by {@code addressHeight} bits of its label, {@code pointer /
 * 8}.
 *
 * @param asHeight levels of the tree above the address spaces
 * @param addressHeight levels of the tree inside one address space
 * @param asOffset number of the first address space
 */
public record MemoryDimensions(int asHeight, int addressHeight, int asOffset) {

  /**
   * Returns the height of the root above the leaves.
   *
   * @return {@code asHeight + addressHeight}
   */
  public int overallHeight() {
    return asHeight + addressHeight;
  }

  /**
   * Returns the index of a leaf.
   *
   * @param addressSpace address space of the chunk
   * @param label the chunk's pointer divided by 8
   * @return the leaf index, below {@code 2^overallHeight}
   */
  public long leafIndex(int addressSpace, int label) {
    return ((long) (addressSpace - asOffset) << addressHeight) | label;
  }
}
