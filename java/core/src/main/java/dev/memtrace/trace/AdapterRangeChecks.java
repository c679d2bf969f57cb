// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.trace;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.RangeTally;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.replay.AdapterRows;
import java.lang.foreign.MemorySegment;
import java.util.Collection;

/** Counts the range checks of access adapter rows. */
public final class AdapterRangeChecks {
  private AdapterRangeChecks() {}

  /**
   * Adds the two limb checks of every row.
   *
   * @param workers threads that share the work
   * @param config configuration of the memory
   * @param adapter the rows
   * @param rangeChecker the checker that will receive the counts
   * @param tallies receives the counts
   */
  public static void count(
      Workers workers,
      MemoryConfig config,
      AdapterRows adapter,
      VariableRangeChecker rangeChecker,
      Collection<RangeTally> tallies) {
    MemorySegment rows = adapter.memory();
    int width = AccessAdapterAir.width(adapter.blockSize());
    int low = AccessAdapterAir.lt(adapter.blockSize());
    workers.forRange(
        adapter.rows(),
        workers.share(adapter.rows()),
        (from, to) -> {
          RangeTally tally = new RangeTally(rangeChecker, to - from);
          for (long row = from; row < to; row++) {
            long at = (row * width + low) << 2;
            int value =
                rows.get(IntBuffer64.WORD, at)
                    | rows.get(IntBuffer64.WORD, at + 4) << config.rangeMaxBits();
            tally.limbs(value, config.clkMaxBits());
          }
          tallies.add(tally);
        });
  }
}
