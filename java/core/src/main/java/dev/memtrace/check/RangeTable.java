// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.RangeCheckerAir;
import dev.memtrace.field.BabyBear;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** How often each row of the range checker's table was asked for, exactly. Thread-safe. */
final class RangeTable {
  private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(long[].class);

  private final int maxBits;

  /** Sums of requests, not reduced: 2^32 requests of less than 2^31 each fit. */
  private final long[] counts;

  RangeTable(int maxBits) {
    this.maxBits = maxBits;
    this.counts = new long[RangeCheckerAir.height(maxBits)];
  }

  /** The row of a pair, rows 0 and 1 being one; -1 if the table has no such pair. */
  int row(int value, int bits) {
    return bits < 0 || bits > maxBits || value < 0 || value >= 1L << bits
        ? -1
        : RangeCheckerAir.row(value, bits);
  }

  void add(int row, long requests) {
    CELLS.getAndAdd(counts, row, requests);
  }

  int requested(int row) {
    return (int) Math.floorMod(counts[row], (long) BabyBear.P);
  }

  /** What a product says about a row; rows 0 and 1 hold one pair. */
  static int counted(int[] product, int row) {
    long count = Integer.toUnsignedLong(product[row]);
    return (int) ((row == 1 ? count + Integer.toUnsignedLong(product[0]) : count) % BabyBear.P);
  }

  /** The first rows in which the requests are not what a product says. */
  IntList differences(int[] product, int max) {
    IntArrayList rows = new IntArrayList();
    for (int row = 1; row < counts.length && rows.size() < max; row++) {
      if (requested(row) != counted(product, row)) {
        rows.add(row);
      }
    }
    return rows;
  }

  int height() {
    return counts.length;
  }
}
