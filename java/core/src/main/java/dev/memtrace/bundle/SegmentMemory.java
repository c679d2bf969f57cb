// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.TraceLimitException;
import dev.memtrace.periphery.VariableRangeChecker;

/** The memory controller of one segment and the recorders that it shares with other chips. */
final class SegmentMemory implements AutoCloseable {
  /** Bus numbers show in no product. */
  private static final int MEMORY_BUS = 1;

  private static final int MERKLE_BUS = 2;
  private static final int COMPRESSION_BUS = 3;
  private static final int RANGE_BUS = 4;

  private final VariableRangeChecker checker;
  private final MemoryController memory;
  private final Poseidon2Periphery hasher;

  SegmentMemory(MemoryMode mode, MemoryConfig config, TraceBackend backend) {
    checker = checker(config);
    memory = controller(mode, config, checker, backend);
    try {
      hasher = new Poseidon2Periphery(backend.pool());
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  static MemoryController controller(
      MemoryMode mode, MemoryConfig config, VariableRangeChecker checker, TraceBackend backend) {
    MemoryBus memoryBus = new MemoryBus(MEMORY_BUS);
    return mode == MemoryMode.VOLATILE
        ? MemoryController.withVolatileMemory(memoryBus, config, checker, backend)
        : MemoryController.withPersistentMemory(
            memoryBus,
            config,
            checker,
            new MerkleBus(MERKLE_BUS),
            new CompressionBus(COMPRESSION_BUS),
            backend);
  }

  static VariableRangeChecker checker(MemoryConfig config) {
    return new VariableRangeChecker(new RangeCheckerBus(RANGE_BUS, config.rangeMaxBits()));
  }

  /** Replays the log and finalises memory. */
  void replay() {
    withinLimits(() -> memory.finalizeMemory(hasher));
  }

  /** Does work that may find that a table cannot count so much, which the input is to blame for. */
  static void withinLimits(Runnable work) {
    try {
      work.run();
    } catch (TraceLimitException e) {
      throw new BundleException(e.getMessage() + "; use shorter segments", e);
    }
  }

  MemoryController memory() {
    return memory;
  }

  VariableRangeChecker checker() {
    return checker;
  }

  Poseidon2Periphery hasher() {
    return hasher;
  }

  @Override
  public void close() {
    try (Poseidon2Periphery _ = hasher) {
      memory.close();
    }
  }
}
