// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Auxiliary columns of a read, in trace order: {@code prev_timestamp, lt[0], lt[1]}. Mutable, to be
 * filled by {@link MemoryAuxColsFactory}; a new one is all zero.
 */
public class MemoryReadAuxCols {
  /** Number of columns. */
  public static final int WIDTH = 3;

  private int prevTimestamp;
  private int ltLow;
  private int ltHigh;

  /** Creates columns of zeros. */
  public MemoryReadAuxCols() {}

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
    return i == 0 ? ltLow : ltHigh;
  }

  final void setBase(int prevTimestamp, int ltLow, int ltHigh) {
    this.prevTimestamp = prevTimestamp;
    this.ltLow = ltLow;
    this.ltHigh = ltHigh;
  }

  /**
   * Returns the number of columns.
   *
   * @return columns
   */
  public int width() {
    return WIDTH;
  }

  /**
   * Writes the columns into a trace row.
   *
   * @param row the row
   * @param offset index of the first column
   */
  public void copyTo(int[] row, int offset) {
    row[offset] = prevTimestamp;
    row[offset + 1] = ltLow;
    row[offset + 2] = ltHigh;
  }
}
