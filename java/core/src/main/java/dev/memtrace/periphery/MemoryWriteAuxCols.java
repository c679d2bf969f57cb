// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Auxiliary columns of a write of N cells, in trace order: {@code prev_timestamp, lt[0], lt[1],
 * prev_data[N]}. Mutable, to be filled by {@link MemoryAuxColsFactory}; a new one is all zero.
 */
public final class MemoryWriteAuxCols extends MemoryBaseAuxCols {
  private final int[] prevData;

  /**
   * Creates columns of zeros.
   *
   * @param n cells of the write
   */
  public MemoryWriteAuxCols(int n) {
    this.prevData = new int[n];
  }

  /**
   * Returns the number of cells of the write.
   *
   * @return N
   */
  public int size() {
    return prevData.length;
  }

  /**
   * Returns a cell's value before the write.
   *
   * @param i cell of the write, from 0
   * @return the value
   */
  public int prevData(int i) {
    return prevData[i];
  }

  void setPrevData(int[] values) {
    System.arraycopy(values, 0, prevData, 0, prevData.length);
  }

  @Override
  public int width() {
    return BASE_WIDTH + prevData.length;
  }

  @Override
  public void copyTo(int[] row, int offset) {
    super.copyTo(row, offset);
    System.arraycopy(prevData, 0, row, offset + BASE_WIDTH, prevData.length);
  }
}
