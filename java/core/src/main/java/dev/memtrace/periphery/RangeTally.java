// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import dev.memtrace.air.RangeCheckerAir;
import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;

/**
 * Counts range checks of one thread, to be added to the shared checker when all work has succeeded.
 * The upper limb of real logs is nearly always the same, so equal consecutive ones are counted
 * before they touch the table. Not thread-safe.
 */
public final class RangeTally {
  /** Tables of more rows than this are not kept per thread. */
  private static final int MAX_LOCAL_ROWS = 1 << 20;

  private final int limbBits;
  private final int limbMask;

  /** Counts by row; empty if {@link #few} is used. */
  private final int[] local;

  private final Int2IntOpenHashMap few = new Int2IntOpenHashMap();
  private int highRow;
  private int highCount;

  /**
   * Creates a tally.
   *
   * @param checker the checker that will receive the counts
   * @param requests about how many checks to expect; few are not worth a table of their own
   */
  public RangeTally(VariableRangeChecker checker, long requests) {
    this.limbBits = checker.rangeMaxBits();
    this.limbMask = (1 << limbBits) - 1;
    int rows = RangeCheckerAir.height(limbBits);
    this.local = new int[rows <= MAX_LOCAL_ROWS && rows <= 4 * requests ? rows : 0];
  }

  /**
   * Counts the two limb checks of a number.
   *
   * @param value the number, below {@code 2^bits}
   * @param bits its bit count, at most twice the limb size
   */
  public void limbs(int value, int bits) {
    int low = RangeCheckerAir.row(value & limbMask, Math.min(bits, limbBits));
    int high = RangeCheckerAir.row(value >>> limbBits, Math.max(bits - limbBits, 0));
    add(low, 1);
    if (high != highRow) {
      add(highRow, highCount);
      highRow = high;
      highCount = 0;
    }
    highCount++;
  }

  /**
   * Counts checks of one number in one limb.
   *
   * @param value the number, below {@code 2^bits}
   * @param bits its bit count, at most the limb size
   * @param times how often it is checked
   */
  public void single(int value, int bits, int times) {
    add(RangeCheckerAir.row(value, bits), times);
  }

  private void add(int row, int count) {
    if (count == 0) {
      return;
    }
    if (local.length != 0) {
      local[row] += count;
    } else {
      few.addTo(row, count);
    }
  }

  /** Visits every row that was counted. */
  void forEach(IntBinaryConsumer visitor) {
    add(highRow, highCount);
    highCount = 0;
    for (int row = 0; row < local.length; row++) {
      if (local[row] != 0) {
        visitor.accept(row, local[row]);
      }
    }
    few.int2IntEntrySet().fastForEach(e -> visitor.accept(e.getIntKey(), e.getIntValue()));
  }

  /** Receives a row and its count. */
  @FunctionalInterface
  interface IntBinaryConsumer {
    void accept(int row, int count);
  }
}
