// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.List;
import java.util.function.Consumer;

/** Makes the traces of a segment and has them checked. */
final class Segments {
  /** The table of the range checker has 2^(bits + 1) rows, whatever the input; larger ones wait. */
  static final int MOST_RANGE_BITS = 16;

  private static final BufferPool POOL = new BufferPool(1L << 26);

  private Segments() {}

  static BufferPool pool() {
    return POOL;
  }

  /** A backend of one thread, so that what an input takes is taken by the thread that runs it. */
  static TraceBackend backend() {
    return new CpuBackend(new BackendOptions(1), POOL);
  }

  static boolean small(MemoryConfig config) {
    return config.rangeMaxBits() <= MOST_RANGE_BITS;
  }

  static MemoryController controller(
      MemoryMode mode, MemoryConfig config, VariableRangeChecker checker, TraceBackend backend) {
    return mode == MemoryMode.VOLATILE
        ? MemoryController.withVolatileMemory(new MemoryBus(1), config, checker, backend)
        : MemoryController.withPersistentMemory(
            new MemoryBus(1), config, checker, new MerkleBus(2), new CompressionBus(3), backend);
  }

  /**
   * Makes all traces of a log and has them checked.
   *
   * @param log the log, owned by this
   * @param begin sets the memory before it
   * @throws dev.memtrace.periphery.TraceLimitException if the segment is too long to be proved
   */
  static void check(
      MemoryMode mode, MemoryConfig config, AccessLog log, Consumer<MemoryController> begin) {
    VariableRangeChecker counts =
        new VariableRangeChecker(new RangeCheckerBus(4, config.rangeMaxBits()));
    boolean taken = false;
    try (TraceBackend backend = backend();
        MemoryController memory = controller(mode, config, counts, backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(POOL)) {
      begin.accept(memory);
      memory.setMemoryLogs(log);
      taken = true;
      check(memory, counts, hasher, backend);
    } finally {
      if (!taken) {
        log.release();
      }
    }
  }

  /** Finalises the memory of a controller, makes all traces and has them checked. */
  static void check(
      MemoryController memory,
      VariableRangeChecker counts,
      Poseidon2Periphery hasher,
      TraceBackend backend) {
    boolean persistent = memory.mode() == MemoryMode.PERSISTENT;
    memory.finalizeMemory(persistent ? hasher : null);
    List<AirProofInput> traces = memory.generateAirProofInputs();
    try (TraceMatrix poseidon2 = persistent ? backend.poseidon2Trace(hasher, 1) : null) {
      var checker = memory.checker().airs(traces).rangeCounts(counts.counts());
      if (poseidon2 != null) {
        checker.poseidon2(1, poseidon2).poseidon2Inputs(hasher);
      }
      Contract.accepted(checker.check());
    } finally {
      traces.forEach(AirProofInput::close);
    }
  }
}
