// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

/**
 * Size and alignment of an access, which decide about adapter rows. Two more shapes stand for what
 * is no access: memory before its first one, and the finalisation pass.
 *
 * @param size number of cells, a power of two up to 32; 0 for what is no access
 * @param offset cells from the multiple of the size before the pointer; 0 is aligned
 */
public record AccessShape(int size, int offset) {
  /** Memory that no access has touched. */
  public static final AccessShape UNTOUCHED = new AccessShape(0, 0);

  /** The pass that brings all blocks back to the mode's initial size. */
  public static final AccessShape FINALISATION = new AccessShape(0, 1);

  private static final int MAX_SIZE = 32;

  /** Shapes of accesses have numbers below this one. */
  static final int ACCESSES = 2 * MAX_SIZE - 1;

  static final int UNTOUCHED_NUMBER = ACCESSES;
  static final int FINALISATION_NUMBER = ACCESSES + 1;

  /** How many numbers there are. */
  static final int NUMBERS = ACCESSES + 2;

  /** The number of an access's shape. */
  static int number(int pointer, int size) {
    return size - 1 + (pointer & (size - 1));
  }

  static AccessShape ofNumber(int number) {
    if (number >= ACCESSES) {
      return number == UNTOUCHED_NUMBER ? UNTOUCHED : FINALISATION;
    }
    int size = Integer.highestOneBit(number + 1);
    return new AccessShape(size, number + 1 - size);
  }

  /**
   * Says whether this is the shape of an access.
   *
   * @return false for untouched memory and the finalisation pass
   */
  public boolean isAccess() {
    return size != 0;
  }

  /**
   * Describes the shape.
   *
   * @return for example "4 cells" or "4 cells, 1 off"
   */
  public String label() {
    if (!isAccess()) {
      return equals(UNTOUCHED) ? "untouched" : "finalisation";
    }
    String cells = size == 1 ? "1 cell" : size + " cells";
    return offset == 0 ? cells : cells + ", " + offset + " off";
  }
}
