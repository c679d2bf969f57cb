// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What the host learns from the device once everything is counted: {@code memtrace::Summary}, and
 * after it the counts of touched nodes of the memory tree.
 */
final class Summary {
  /** Where the counts of touched nodes begin. */
  private static final int NODES = 19;

  private static final int WORDS = NODES + NodeCounts.WORDS;
  static final long BYTES = 8L * WORDS;
  private static final int EVENTS = 0;
  private static final int SLOW = 1;
  private static final int HEADS = 2;
  private static final int BOUNDARY_CELLS = 3;
  private static final int LOG_ROWS = 4;
  private static final int FINAL_ROWS = 9;
  private static final int FAULT = 16;

  /** Where the fault words lie in the summary. */
  static final long FAULT_BYTE = 8 * FAULT;

  private final long[] words = new long[WORDS];

  /** The summary of an empty log. */
  Summary() {}

  /** Reads a summary that was copied to the host. */
  Summary(MemorySegment copy) {
    for (int i = 0; i < WORDS; i++) {
      words[i] = copy.get(IntBuffer64.PAIR, 8L * i);
    }
  }

  /** Granules that the accesses touch, each access for itself. */
  long events() {
    return words[EVENTS];
  }

  /** Accesses that may have adapter rows. */
  long slow() {
    return words[SLOW];
  }

  /** Touched chunks, or in volatile mode touched granules. */
  long heads() {
    return words[HEADS];
  }

  /** Touched cells in volatile mode. */
  long boundaryCells() {
    return words[BOUNDARY_CELLS];
  }

  /** Rows of an adapter that the log made. */
  long logRows(int adapter) {
    return words[LOG_ROWS + adapter];
  }

  /** Rows of an adapter that the finalisation pass made. */
  long finalRows(int adapter) {
    return words[FINAL_ROWS + adapter];
  }

  /** Touched nodes of the memory tree, in persistent mode. */
  NodeCounts touchedNodes(int rootHeight) {
    return new NodeCounts(heads(), Arrays.copyOfRange(words, NODES, WORDS), rootHeight);
  }

  /** Where kernels report the number of events. */
  static long eventsAddress(DeviceBuffer summary) {
    return summary.address() + 8 * EVENTS;
  }

  static long slowAddress(DeviceBuffer summary) {
    return summary.address() + 8 * SLOW;
  }

  static long headsAddress(DeviceBuffer summary) {
    return summary.address() + 8 * HEADS;
  }

  static long boundaryCellsAddress(DeviceBuffer summary) {
    return summary.address() + 8 * BOUNDARY_CELLS;
  }

  static long logRowsAddress(DeviceBuffer summary) {
    return summary.address() + 8 * LOG_ROWS;
  }

  static long finalRowsAddress(DeviceBuffer summary) {
    return summary.address() + 8 * FINAL_ROWS;
  }

  static long nodesAddress(DeviceBuffer summary) {
    return summary.address() + 8 * NODES;
  }

  static long faultAddress(DeviceBuffer summary) {
    return summary.address() + 8 * FAULT;
  }

  /**
   * Refuses results of kernels that met what no legal log can cause.
   *
   * @throws IllegalStateException if there is a fault
   */
  Summary checked() {
    FaultWords.check(words[FAULT], words[FAULT + 1], words[FAULT + 2]);
    return this;
  }
}
