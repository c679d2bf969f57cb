// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Small controllers for tests, and what can be seen of one from outside. */
final class Controllers {
  static final int P = 2013265921;

  /** Four spaces of 8192 cells, a clock that ends at 64. */
  static final MemoryConfig SMALL =
      MemoryConfig.defaults()
          .withAsHeight(2)
          .withPointerMaxBits(13)
          .withRangeMaxBits(7)
          .withClkMaxBits(13)
          .withMaxAccessAdapterN(8)
          .withAccessCapacity(100);

  static final TraceBackend BACKEND = TraceBackends.sharedCpu();

  private Controllers() {}

  static VariableRangeChecker rangeChecker(MemoryConfig config) {
    return new VariableRangeChecker(new RangeCheckerBus(2, config.rangeMaxBits()));
  }

  static MemoryController open(MemoryMode mode, MemoryConfig config) {
    return open(mode, config, rangeChecker(config));
  }

  static MemoryController open(
      MemoryMode mode, MemoryConfig config, VariableRangeChecker rangeChecker) {
    return mode == MemoryMode.VOLATILE
        ? MemoryController.withVolatileMemory(new MemoryBus(1), config, rangeChecker, BACKEND)
        : MemoryController.withPersistentMemory(
            new MemoryBus(1),
            config,
            rangeChecker,
            new MerkleBus(3),
            new CompressionBus(4),
            BACKEND);
  }

  /**
   * What an operation that is rejected must leave alone.
   *
   * @param log null where the state hides it
   */
  record Snapshot(
      State state,
      long timestamp,
      long lastRecordId,
      Map<Long, Integer> memory,
      @Nullable List<MemoryLogEntry> log,
      List<Integer> rangeCounts,
      List<Long> heights) {
    static Snapshot of(MemoryController controller, VariableRangeChecker rangeChecker) {
      List<MemoryLogEntry> log = null;
      if (controller.state() == State.ACTIVE) {
        log = new ArrayList<>();
        controller.memoryLogs().forEach(log::add);
      }
      List<Integer> counts = new ArrayList<>();
      for (int count : rangeChecker.counts()) {
        counts.add(count);
      }
      List<Long> heights = new ArrayList<>();
      for (long height : controller.currentTraceHeights()) {
        heights.add(height);
      }
      return new Snapshot(
          controller.state(),
          controller.timestamp(),
          controller.lastRecordId(),
          cells(controller.memoryImage()),
          log,
          counts,
          heights);
    }
  }

  /** Nonzero cells; the key has the address space in its high half. */
  static Map<Long, Integer> cells(MemoryImage image) {
    Map<Long, Integer> cells = new TreeMap<>();
    image.forEachNonZero((space, pointer, value) -> cells.put((long) space << 32 | pointer, value));
    return cells;
  }

  static int[] cells(TraceMatrix matrix) {
    int[] cells = new int[Math.toIntExact(matrix.height() * matrix.width())];
    matrix.copyTo(MemorySegment.ofArray(cells), TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
    return cells;
  }

  /** All traces as numbers; closes them. */
  static List<List<Integer>> drain(List<AirProofInput> inputs) {
    List<List<Integer>> traces = new ArrayList<>();
    for (AirProofInput input : inputs) {
      List<Integer> words = new ArrayList<>();
      for (int cell : cells(input.trace())) {
        words.add(cell);
      }
      traces.add(words);
      input.close();
    }
    return traces;
  }

  /** A few accesses that split, merge and cross a page. */
  static void someAccesses(MemoryController controller) {
    int[] buffer = {1, 2, 3, 4, 5, 6, 7, 8};
    int[] previous = new int[8];
    controller.write(1, 4090, 8, buffer, 0, previous, 0);
    controller.incrementTimestampBy(3);
    controller.read(1, 4094, 4, buffer, 0);
    controller.writeCell(2, 17, 99);
    controller.readCell(0, 5);
    controller.read(2, 16, 2, buffer, 0);
    controller.writeCell(2, 17, 0);
  }
}
