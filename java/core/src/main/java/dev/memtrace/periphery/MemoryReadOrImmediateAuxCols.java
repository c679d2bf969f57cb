// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Auxiliary columns of a read whose address space may be 0, in trace order: {@code prev_timestamp,
 * lt[0], lt[1], is_immediate, is_zero_aux}. Mutable, to be filled by {@link MemoryAuxColsFactory};
 * a new one is all zero.
 */
public final class MemoryReadOrImmediateAuxCols extends MemoryBaseAuxCols {
  /** Number of columns. */
  public static final int WIDTH = BASE_WIDTH + 2;

  private int isImmediate;
  private int isZeroAux;

  /** Creates columns of zeros. */
  public MemoryReadOrImmediateAuxCols() {}

  /**
   * Returns 1 if the address space is 0.
   *
   * @return 0 or 1
   */
  public int isImmediate() {
    return isImmediate;
  }

  /**
   * Returns the inverse of the address space, or 0 if there is none.
   *
   * @return a field element
   */
  public int isZeroAux() {
    return isZeroAux;
  }

  void setImmediate(int isImmediate, int isZeroAux) {
    this.isImmediate = isImmediate;
    this.isZeroAux = isZeroAux;
  }

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public void copyTo(int[] row, int offset) {
    super.copyTo(row, offset);
    row[offset + 3] = isImmediate;
    row[offset + 4] = isZeroAux;
  }
}
