// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import dev.memtrace.air.RangeCheckerAir;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.IntBuffer64;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Collection;
import java.util.Objects;

/**
 * Records how often each (value, bits) pair is range-checked. Chips share one checker and only ever
 * add to it; its trace is made last. Thread-safe.
 */
public final class VariableRangeChecker {
  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(int[].class);

  private final RangeCheckerBus bus;

  /** Multiplicity per table row, always below p. */
  private final int[] counts;

  /**
   * Creates a checker with no requests.
   *
   * @param bus its bus, which says how many bits it checks
   */
  public VariableRangeChecker(RangeCheckerBus bus) {
    this.bus = bus;
    this.counts = new int[RangeCheckerAir.height(bus.rangeMaxBits())];
  }

  /**
   * Returns the bus.
   *
   * @return the bus
   */
  public RangeCheckerBus bus() {
    return bus;
  }

  /**
   * Returns the largest bit count that can be checked.
   *
   * @return bits
   */
  public int rangeMaxBits() {
    return bus.rangeMaxBits();
  }

  /**
   * Records one check.
   *
   * @param value the number checked
   * @param bits its bit count, at most {@link #rangeMaxBits()}
   * @throws IllegalArgumentException if the number does not have that many bits
   */
  public void addCount(int value, int bits) {
    if (bits < 0 || bits > rangeMaxBits() || value < 0 || value >= 1 << bits) {
      throw new IllegalArgumentException(
          "range check of "
              + Integer.toUnsignedString(value)
              + " to "
              + bits
              + " bits; the number must be below 2^bits and bits at most "
              + rangeMaxBits());
    }
    addRow(RangeCheckerAir.row(value, bits), 1);
  }

  /**
   * Records the two checks of a number in limbs: the low limb of at most {@link #rangeMaxBits()}
   * bits, and the rest.
   *
   * @param value the number checked, below {@code 2^bits}
   * @param bits its bit count, at most twice {@link #rangeMaxBits()}
   * @throws IllegalArgumentException if the number does not have that many bits
   */
  public void addLimbs(int value, int bits) {
    int limb = rangeMaxBits();
    if (bits < 0 || bits > 2 * limb || value < 0 || value >= 1L << bits) {
      throw new IllegalArgumentException(
          "range check of "
              + Integer.toUnsignedString(value)
              + " to "
              + bits
              + " bits in two limbs; the number must be below 2^bits and bits at most "
              + 2 * limb);
    }
    int lowRow = RangeCheckerAir.row(value & ((1 << limb) - 1), Math.min(bits, limb));
    addRow(lowRow, 1);
    try {
      addRow(RangeCheckerAir.row(value >>> limb, Math.max(bits - limb, 0)), 1);
    } catch (TraceLimitException e) {
      COUNT.getAndAdd(counts, lowRow, -1);
      throw e;
    }
  }

  /**
   * Adds what several threads have counted, all of it or nothing.
   *
   * @param tallies the counts
   * @throws TraceLimitException if a multiplicity would reach p; nothing is added then
   */
  public void addAll(Collection<RangeTally> tallies) {
    IntArrayList added = new IntArrayList();
    try {
      for (RangeTally tally : tallies) {
        tally.forEach(
            (row, count) -> {
              addRow(row, count);
              added.add(row);
              added.add(count);
            });
      }
    } catch (TraceLimitException e) {
      for (int i = 0; i < added.size(); i += 2) {
        COUNT.getAndAdd(counts, added.getInt(i), -added.getInt(i + 1));
      }
      throw e;
    }
  }

  /**
   * Adds a whole table of counts, all of it or nothing.
   *
   * @param table a 32-bit unsigned count for each row of the table
   * @throws TraceLimitException if a multiplicity would reach p; nothing is added then
   * @throws IndexOutOfBoundsException if the table is too short
   */
  public void addTable(MemorySegment table) {
    Objects.checkFromIndexSize(0, 4L * counts.length, table.byteSize());
    int row = 0;
    try {
      for (; row < counts.length; row++) {
        int count = table.get(IntBuffer64.WORD, 4L * row);
        if (count != 0) {
          addRow(row, count);
        }
      }
    } catch (TraceLimitException e) {
      while (--row >= 0) {
        COUNT.getAndAdd(counts, row, -table.get(IntBuffer64.WORD, 4L * row));
      }
      throw e;
    }
  }

  /**
   * Adds to the multiplicity of a table row.
   *
   * @param row table row
   * @param count how much, unsigned
   * @throws TraceLimitException if the multiplicity would reach p; nothing is added then
   */
  void addRow(int row, int count) {
    int old;
    do {
      old = count(row);
      // The old count is below p.
      if (Integer.compareUnsigned(count, BabyBear.P - old) >= 0) {
        throw new TraceLimitException(
            "range checker row "
                + row
                + " was requested "
                + old
                + " + "
                + Integer.toUnsignedLong(count)
                + " times; a multiplicity must be below p = "
                + BabyBear.P);
      }
    } while (!COUNT.compareAndSet(counts, row, old, old + count));
  }

  /**
   * Returns the multiplicity of a table row.
   *
   * @param row table row
   * @return how often its pair was checked
   */
  public int count(int row) {
    return (int) COUNT.getVolatile(counts, row);
  }

  /**
   * Returns the multiplicities of all rows.
   *
   * @return a new array of {@code 2^(rangeMaxBits + 1)} numbers below p
   */
  public int[] counts() {
    VarHandle.fullFence();
    return counts.clone();
  }

  /** Forgets all requests. */
  public void clear() {
    Arrays.fill(counts, 0);
    VarHandle.fullFence();
  }
}
