// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

/**
 * Size of one trace.
 *
 * @param name name of the AIR
 * @param width columns
 * @param rows rows before padding
 * @param height rows, padding included
 */
public record TraceCost(String name, int width, long rows, long height) {
  /**
   * Returns the cells that carry something.
   *
   * @return cells without padding
   */
  public long usedCells() {
    return width * rows;
  }

  /**
   * Returns the cells that a prover commits to.
   *
   * @return cells, padding included
   */
  public long cells() {
    return width * height;
  }
}
