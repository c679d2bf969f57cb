// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.air.RangeCheckerAir;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The longest segment that there can be: an access at each of the 2^29 timestamps, 4 GiB of log.
 * Takes 10 GB of native memory, so only {@code -Dmemtrace.limits=full -Dmemtrace.test.direct=14g}
 * runs it.
 */
@EnabledIfSystemProperty(named = "memtrace.limits", matches = "full")
class LongSegmentTest {
  private static final int CELLS = 64;

  @Test
  void anAccessAtEachTimestamp() {
    BufferPool pool = new BufferPool(0);
    MemoryConfig config = MemoryConfig.defaults();
    long accesses = config.timestampLimit() - 2;
    VariableRangeChecker checker =
        new VariableRangeChecker(new RangeCheckerBus(1, config.rangeMaxBits()));
    try (CpuBackend backend = new CpuBackend(new BackendOptions(2), pool);
        TraceSession session = backend.open(MemoryMode.VOLATILE, new AddressMap(config, pool))) {
      AccessLog log = new AccessLog(config, pool);
      for (long i = 0; i < accesses; i++) {
        log.appendRead(1, (int) (i % CELLS), 1);
      }
      log.segments().forEach(session::appendSegment);
      session.finalizeMemory(null);

      long last = accesses - 1;
      assertThat(session.record(last).recordId()).isEqualTo(last);
      assertThat(session.record(last).timestamp()).isEqualTo((int) accesses);
      assertThat(session.record(last).prevTimestamp()).isEqualTo((int) accesses - CELLS);
      assertThat(session.currentTraceHeights()[0]).isEqualTo(CELLS);

      session.countAuxColumns(checker);
      // Each access but the first of a cell is 64 ticks after the one before.
      int bits = config.rangeMaxBits();
      int highBits = config.clkMaxBits() - bits;
      assertThat(checker.count(RangeCheckerAir.row(CELLS - 1, bits)))
          .isEqualTo((int) (accesses - CELLS + 1));
      assertThat(checker.count(RangeCheckerAir.row(0, highBits))).isEqualTo((int) accesses);
      log.release();
    }
  }
}
