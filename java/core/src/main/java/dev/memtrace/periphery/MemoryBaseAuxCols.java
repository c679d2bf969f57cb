// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import java.util.Objects;

/** What the auxiliary columns of every access begin with: {@code prev_timestamp, lt[0], lt[1]}. */
abstract sealed class MemoryBaseAuxCols
    permits MemoryReadAuxCols, MemoryWriteAuxCols, MemoryReadOrImmediateAuxCols {
  static final int BASE_WIDTH = 3;

  private int prevTimestamp;
  private final int[] lt = new int[2];

  MemoryBaseAuxCols() {}

  /**
   * Returns when the cells were accessed before.
   *
   * @return a timestamp
   */
  public final int prevTimestamp() {
    return prevTimestamp;
  }

  /**
   * Returns a limb of {@code timestamp - prevTimestamp - 1}.
   *
   * @param i 0 for the low limb, 1 for the high one
   * @return the limb
   */
  public final int lt(int i) {
    return lt[Objects.checkIndex(i, lt.length)];
  }

  final void setBase(int previous, int low, int high) {
    prevTimestamp = previous;
    lt[0] = low;
    lt[1] = high;
  }

  /**
   * Returns the number of columns.
   *
   * @return columns
   */
  public abstract int width();

  /**
   * Writes the columns into a trace row.
   *
   * @param row the row
   * @param offset index of the first column
   */
  public void copyTo(int[] row, int offset) {
    row[offset] = prevTimestamp;
    row[offset + 1] = lt[0];
    row[offset + 2] = lt[1];
  }
}
