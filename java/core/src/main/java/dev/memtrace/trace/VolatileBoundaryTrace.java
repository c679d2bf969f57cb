// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.trace;

import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.RangeTally;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.replay.TouchedBlocks;
import java.lang.foreign.MemorySegment;
import java.util.Collection;

/** Rows of the volatile boundary: one for each touched cell, sorted, each compared to the next. */
public final class VolatileBoundaryTrace {
  private static final int ROW_BYTES = 4 * VolatileBoundaryAir.WIDTH;

  private final MemoryConfig config;
  private final MemorySegment rows;
  private final int limbBits;
  private final int limbMask;

  private VolatileBoundaryTrace(MemoryConfig config, MemorySegment rows) {
    this.config = config;
    this.rows = rows;
    this.limbBits = config.rangeMaxBits();
    this.limbMask = (1 << limbBits) - 1;
  }

  /**
   * Fills a trace and counts its range checks.
   *
   * @param workers threads that share the work
   * @param config configuration of the memory
   * @param touched the touched cells after the finalisation pass
   * @param height rows of the trace, at least 1 and at least the touched cells
   * @param rangeChecker the checker that will receive the range checks
   * @param tallies receives the range checks; thread-safe
   * @param rows receives the trace
   */
  public static void fill(
      Workers workers,
      MemoryConfig config,
      TouchedBlocks touched,
      long height,
      VariableRangeChecker rangeChecker,
      Collection<RangeTally> tallies,
      MemorySegment rows) {
    long used = touched.count();
    VolatileBoundaryTrace trace = new VolatileBoundaryTrace(config, rows);
    Traces.pad(rows, used, height, VolatileBoundaryAir.WIDTH);
    workers.forRange(
        touched.pages(),
        1,
        (from, to) -> {
          for (int page = (int) from; page < to; page++) {
            touched.forEachInPage(page, trace::cell);
          }
        });
    workers.forRange(
        used,
        workers.share(used),
        (from, to) -> {
          RangeTally tally = new RangeTally(rangeChecker, to - from);
          for (long row = from; row < to; row++) {
            trace.count(row, tally);
            if (row < used - 1) {
              trace.compare(row, tally);
            }
          }
          tallies.add(tally);
        });
    if (used > 0) {
      RangeTally tally = new RangeTally(rangeChecker, 1);
      trace.last(height - 1, tally);
      tallies.add(tally);
    }
  }

  private void cell(
      long ordinal, int space, int pointer, int timestamp, MemorySegment memory, long offset) {
    long row = ordinal * ROW_BYTES;
    rows.asSlice(row, ROW_BYTES).fill((byte) 0);
    set(row, VolatileBoundaryAir.SPACE, space);
    set(row, VolatileBoundaryAir.POINTER, pointer & limbMask);
    set(row, VolatileBoundaryAir.POINTER + 1, pointer >>> limbBits);
    set(row, VolatileBoundaryAir.FINAL_DATA, memory.get(IntBuffer64.WORD, offset));
    set(row, VolatileBoundaryAir.FINAL_TIMESTAMP, timestamp);
    set(row, VolatileBoundaryAir.IS_VALID, 1);
  }

  private void count(long ordinal, RangeTally tally) {
    long row = ordinal * ROW_BYTES;
    tally.single(get(row, VolatileBoundaryAir.SPACE), config.addressSpaceBits(), 1);
    tally.limbs(pointer(row), config.pointerMaxBits());
  }

  private void compare(long ordinal, RangeTally tally) {
    long row = ordinal * ROW_BYTES;
    long next = row + ROW_BYTES;
    int difference = get(next, VolatileBoundaryAir.SPACE) - get(row, VolatileBoundaryAir.SPACE);
    int marker = 0;
    if (difference == 0) {
      difference = pointer(next) - pointer(row);
      marker = 1;
    }
    set(row, VolatileBoundaryAir.DIFF_MARKER + marker, 1);
    set(row, VolatileBoundaryAir.DIFF_INV, BabyBear.inverse(difference));
    limbs(row, difference - 1);
    tally.limbs(difference - 1, config.addressBits());
  }

  /** The last row of the trace is compared with the first one, which the AIR does not constrain. */
  private void last(long ordinal, RangeTally tally) {
    int all = (1 << config.addressBits()) - 1;
    limbs(ordinal * ROW_BYTES, all);
    tally.limbs(all, config.addressBits());
  }

  private void limbs(long row, int value) {
    set(row, VolatileBoundaryAir.LT, value & limbMask);
    set(row, VolatileBoundaryAir.LT + 1, value >>> limbBits);
  }

  private int pointer(long row) {
    return get(row, VolatileBoundaryAir.POINTER)
        | get(row, VolatileBoundaryAir.POINTER + 1) << limbBits;
  }

  private int get(long row, int column) {
    return rows.get(IntBuffer64.WORD, row + 4L * column);
  }

  private void set(long row, int column, int value) {
    rows.set(IntBuffer64.WORD, row + 4L * column, value);
  }
}
