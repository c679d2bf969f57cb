// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

/** In which order the cells of a trace lie in memory. */
public enum TraceOrder {
  /** Row after row: cell (row, column) is word {@code row * width + column}. */
  ROW_MAJOR,
  /** Column after column: cell (row, column) is word {@code column * height + row}. */
  COLUMN_MAJOR;

  /**
   * Returns where a cell lies.
   *
   * @param row row of the cell
   * @param column column of the cell
   * @param height rows of the trace
   * @param width columns of the trace
   * @return word index
   */
  public long index(long row, int column, long height, int width) {
    return this == ROW_MAJOR ? row * width + column : column * height + row;
  }
}
