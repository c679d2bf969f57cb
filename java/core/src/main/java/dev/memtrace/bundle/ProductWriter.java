// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Replays a segment that has its log and its initial memory, and writes the products. */
final class ProductWriter {
  /** How much of everything is done when the input was read. */
  static final double AFTER_READ = 0.2;

  private static final double AFTER_REPLAY = 0.6;

  private final BundleWriter out;
  private final SegmentMemory segment;
  private final TraceBackend backend;
  private final Set<Product> products;
  private final StageClock clock;

  ProductWriter(
      BundleWriter out,
      SegmentMemory segment,
      TraceBackend backend,
      Set<Product> products,
      StageClock clock) {
    this.out = out;
    this.segment = segment;
    this.backend = backend;
    this.products = products;
    this.clock = clock;
  }

  /** Writes everything but what {@link BundleWriter#publish} does. */
  GenerationReport write(long endTimestamp) {
    MemoryController memory = segment.memory();
    clock.enter(Stage.REPLAY, AFTER_READ);
    segment.replay();
    List<Long> heights = Arrays.stream(memory.currentTraceHeights()).boxed().toList();
    SegmentMemory.withinLimits(this::writeProducts);
    BundleManifest manifest = out.prepare(endTimestamp);
    boolean tree = memory.mode() == MemoryMode.PERSISTENT;
    return new GenerationReport(
        out.target(),
        manifest,
        backend.description(),
        heights,
        tree ? list(memory.initialRoot()) : List.of(),
        tree ? list(memory.finalRoot()) : List.of(),
        out.bytesWritten(),
        clock.finish());
  }

  private void writeProducts() {
    MemoryController memory = segment.memory();
    VariableRangeChecker checker = segment.checker();
    boolean counts = products.contains(Product.RANGE_COUNTS);
    clock.enter(Stage.WRITE, AFTER_REPLAY);
    if (products.contains(Product.RECORDS)) {
      try (WordStream records = memory.records()) {
        out.writeRecords(records);
      }
    }
    if (products.contains(Product.FINAL)) {
      out.writeFinalMemory(memory.finalMemory());
    }
    if (counts || products.contains(Product.AIRS)) {
      clock.enter(Stage.TRACES, 0.65);
      writeAirs(memory.generateAirProofInputs());
    }
    if (counts) {
      out.writeRangeCounts(checker.counts());
    }
    if (products.contains(Product.AUX)) {
      clock.enter(Stage.TRACES, 0.8);
      try (WordStream aux = memory.generateAuxColumns()) {
        clock.enter(Stage.WRITE, 0.85);
        out.writeAux(aux);
      }
    } else if (counts) {
      clock.enter(Stage.TRACES, 0.8);
      memory.countAuxColumns();
    }
    if (counts) {
      out.writeRangeCountsWithAux(checker.counts());
    }
    if (products.contains(Product.POSEIDON2) && memory.mode() == MemoryMode.PERSISTENT) {
      writePoseidon2(segment.hasher());
    }
  }

  private void writePoseidon2(Poseidon2Periphery hasher) {
    for (int registers = 1; registers >= 0; registers--) {
      clock.enter(Stage.TRACES, 0.95 - 0.05 * registers);
      try (TraceMatrix trace = backend.poseidon2Trace(hasher, registers)) {
        clock.enter(Stage.WRITE, 0.97 - 0.05 * registers);
        out.writePoseidon2Trace(registers, trace);
      }
    }
    out.writePoseidon2Inputs(hasher);
  }

  private void writeAirs(List<AirProofInput> airs) {
    try {
      clock.enter(Stage.WRITE, 0.7);
      for (AirProofInput air : airs) {
        if (products.contains(Product.AIRS)) {
          out.writeAir(air);
        }
        air.close();
      }
    } finally {
      AirProofInput.closeAll(airs);
    }
  }

  private static List<Integer> list(int[] root) {
    return Arrays.stream(root).boxed().toList();
  }
}
