// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

/** Receives cells. */
@FunctionalInterface
public interface CellVisitor {
  /**
   * Receives one cell.
   *
   * @param addressSpace its address space
   * @param pointer its pointer
   * @param value its value, canonical
   */
  void visit(int addressSpace, int pointer, int value);
}
