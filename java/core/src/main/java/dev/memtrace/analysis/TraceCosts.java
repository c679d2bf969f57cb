// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.config.MemoryMode;
import java.util.ArrayList;
import java.util.List;

/**
 * Sizes of all memory traces of a log.
 *
 * @param airs one size per AIR, in AIR order
 * @param touchedChunks chunks of 8 cells that an access covers
 */
public record TraceCosts(List<TraceCost> airs, long touchedChunks) {
  /** Copies the list. */
  public TraceCosts {
    airs = List.copyOf(airs);
  }

  static TraceCosts of(
      MemoryMode mode, MemoryConfig config, TouchedChunkTable chunks, long[] adapterRows) {
    List<TraceCost> airs = new ArrayList<>();
    if (mode == MemoryMode.PERSISTENT) {
      airs.add(cost(new PersistentBoundaryAir(), 2L * chunks.size()));
      airs.add(cost(new MerkleAir(), 2 * touchedNodes(config.dimensions(), chunks)));
    } else {
      airs.add(cost(new VolatileBoundaryAir(), touchedCells(chunks)));
    }
    for (int i = 0; i < adapterRows.length; i++) {
      airs.add(cost(new AccessAdapterAir(2 << i), adapterRows[i]));
    }
    return new TraceCosts(airs, chunks.size());
  }

  private static TraceCost cost(Air air, long rows) {
    return new TraceCost(air.name(), air.width(), rows, air.height(rows));
  }

  private static long touchedCells(TouchedChunkTable chunks) {
    long cells = 0;
    for (int cell = 0; cell < chunks.size() << TouchedChunkTable.LOG_CHUNK; cell++) {
      cells += chunks.shape(cell) == AccessShape.UNTOUCHED_NUMBER ? 0 : 1;
    }
    return cells;
  }

  /** Inner nodes above touched chunks; without any, those of the leftmost path. */
  private static long touchedNodes(MemoryDimensions dimensions, TouchedChunkTable chunks) {
    long nodes = dimensions.overallHeight();
    long previous = -1;
    for (long key : chunks.sortedKeys()) {
      long leaf =
          dimensions.leafIndex(
              TouchedChunkTable.addressSpace(key),
              TouchedChunkTable.firstPointer(key) / TouchedChunkTable.CHUNK);
      if (previous >= 0) {
        // Up to the highest bit in which they differ, the ancestors of neighbours differ.
        nodes += Long.SIZE - 1 - Long.numberOfLeadingZeros(previous ^ leaf);
      }
      previous = leaf;
    }
    return nodes;
  }

  /**
   * Returns the cells that a prover commits to.
   *
   * @return cells of all traces, padding included
   */
  public long cells() {
    return airs.stream().mapToLong(TraceCost::cells).sum();
  }

  /**
   * Returns the cells that carry something.
   *
   * @return cells of all traces, without padding
   */
  public long usedCells() {
    return airs.stream().mapToLong(TraceCost::usedCells).sum();
  }
}
