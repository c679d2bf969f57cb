// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import java.util.List;

/**
 * What happens in the course of a log, in parts of an equal number of entries. The lists have one
 * element a part.
 *
 * @param entriesPerPart log entries of each part; the last one may have fewer
 * @param accesses accesses of memory, without immediates
 * @param newChunks chunks of 8 cells that are touched for the first time
 * @param newPages pages of 4096 cells that are touched for the first time
 * @param adapterCells trace cells of adapter rows
 */
public record Timeline(
    long entriesPerPart,
    List<Long> accesses,
    List<Long> newChunks,
    List<Long> newPages,
    List<Long> adapterCells) {
  /** Copies the lists. */
  public Timeline {
    accesses = List.copyOf(accesses);
    newChunks = List.copyOf(newChunks);
    newPages = List.copyOf(newPages);
    adapterCells = List.copyOf(adapterCells);
  }
}
