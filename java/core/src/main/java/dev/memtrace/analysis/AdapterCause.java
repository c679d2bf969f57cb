// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import java.util.List;

/**
 * Adapter rows that one shape of access makes because of another one, whose blocks it finds in its
 * way.
 *
 * @param access the shape that makes the rows
 * @param before the shape of the accesses whose blocks it splits or merges
 * @param rows rows of each adapter: of 2 cells, 4, ...
 * @param cells trace cells of these rows
 * @param places where most of these cells come from, in descending order
 */
public record AdapterCause(
    AccessShape access, AccessShape before, List<Long> rows, long cells, List<Place> places) {
  /** Copies the lists. */
  public AdapterCause {
    rows = List.copyOf(rows);
    places = List.copyOf(places);
  }

  /**
   * Part of memory, and its share.
   *
   * @param range the cells
   * @param cells trace cells of the adapter rows of blocks that begin there
   */
  public record Place(CellRange range, long cells) {}
}
