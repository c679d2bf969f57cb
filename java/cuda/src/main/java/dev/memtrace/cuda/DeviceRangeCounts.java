// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;

/**
 * Range checks counted on the device. Several copies of the table keep threads that hit the same
 * row apart.
 */
final class DeviceRangeCounts implements AutoCloseable {
  /** Rows that one thread counts, and how many threads take the rows of a tile in turn. */
  private static final long ROWS_OF_STRIP = 64;

  private static final long STRIPS_OF_TILE = 32;
  private static final int MOST_COPIES = 16;
  private static final long MOST_BYTES = 64L << 20;

  private final CudaStream stream;
  private final BufferPool pool;
  private final DeviceBuffer counts;
  private final Arguments.RangeTable table;
  private final long rows;

  DeviceRangeCounts(CudaStream stream, BufferPool pool, MemoryConfig config) {
    this.stream = stream;
    this.pool = pool;
    this.rows = 2L << config.rangeMaxBits();
    int copies = Math.clamp(MOST_BYTES / (4 * rows), 1, MOST_COPIES);
    this.counts = stream.allocateZeroed(4 * rows * copies, "range counts");
    this.table = new Arguments.RangeTable(counts, copies, config.rangeMaxBits());
  }

  /** How many threads count the checks of so many rows. */
  static long items(long rows) {
    return Math.ceilDiv(rows, ROWS_OF_STRIP * STRIPS_OF_TILE) * STRIPS_OF_TILE;
  }

  Arguments.RangeTable table() {
    return table;
  }

  /** Enqueues the sum of all copies and its copy to the host. */
  MemorySegment read() {
    stream.launch(
        stream.device().kernel("sum_copies"),
        Arguments.items(rows).add(counts).add(table.copies()).words());
    MemorySegment onHost = pool.acquire(4 * rows);
    stream.copyToHost(counts, 0, onHost.asSlice(0, 4 * rows));
    return onHost;
  }

  /** Adds a table that was read, once the stream was synchronised. */
  void addTo(VariableRangeChecker rangeChecker, MemorySegment onHost) {
    rangeChecker.addTable(onHost.asSlice(0, 4 * rows));
  }

  @Override
  public void close() {
    counts.close();
  }
}
