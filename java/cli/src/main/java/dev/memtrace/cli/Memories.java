// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;

/** Makes memory controllers. Their bus numbers show in no result. */
final class Memories {
  private static final MemoryBus MEMORY_BUS = new MemoryBus(1);
  private static final MerkleBus MERKLE_BUS = new MerkleBus(2);
  private static final CompressionBus COMPRESSION_BUS = new CompressionBus(3);
  private static final int RANGE_BUS = 4;

  private Memories() {}

  static MemoryController controller(MemoryMode mode, MemoryConfig config, TraceBackend backend) {
    VariableRangeChecker checker =
        new VariableRangeChecker(new RangeCheckerBus(RANGE_BUS, config.rangeMaxBits()));
    return mode == MemoryMode.VOLATILE
        ? MemoryController.withVolatileMemory(MEMORY_BUS, config, checker, backend)
        : MemoryController.withPersistentMemory(
            MEMORY_BUS, config, checker, MERKLE_BUS, COMPRESSION_BUS, backend);
  }
}
