// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

import java.lang.foreign.MemorySegment;

/** Receives pages. */
@FunctionalInterface
public interface PageVisitor {
  /**
   * Receives one page.
   *
   * @param addressSpace its address space
   * @param firstPointer pointer of its first cell
   * @param memory read-only memory that holds its cells, valid during the call
   * @param offset byte offset of the first cell; cells are consecutive 32-bit words
   * @param cells number of cells
   */
  void visit(int addressSpace, int firstPointer, MemorySegment memory, long offset, int cells);
}
