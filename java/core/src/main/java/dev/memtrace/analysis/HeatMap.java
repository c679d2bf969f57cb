// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import java.util.List;

/**
 * Accesses by place and time: a row for each part of touched memory, a column for each part of the
 * log.
 */
public final class HeatMap {
  private final List<CellRange> places;
  private final int parts;
  private final long[] counts;

  HeatMap(List<CellRange> places, int parts, long[] counts) {
    this.places = List.copyOf(places);
    this.parts = parts;
    this.counts = counts;
  }

  /**
   * Returns what the rows stand for. Memory between them is untouched.
   *
   * @return cells of each row, ascending
   */
  public List<CellRange> places() {
    return places;
  }

  /**
   * Returns the number of columns.
   *
   * @return parts of the log, those of the {@link Timeline}
   */
  public int parts() {
    return parts;
  }

  /**
   * Returns the accesses that begin in one place in one part of the log.
   *
   * @param place row, from 0
   * @param part column, from 0
   * @return accesses
   */
  public long accesses(int place, int part) {
    return counts[place * parts + part];
  }
}
