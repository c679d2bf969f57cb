// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import java.util.List;

/**
 * The boundary of volatile memory: one row per touched cell, sorted by (address space, pointer),
 * sends the initial zero and receives the final value.
 */
public final class VolatileBoundaryAir implements Air {
  /** Address space. */
  public static final int SPACE = 0;

  /** Two limbs of the pointer, low limb first. */
  public static final int POINTER = 1;

  /** Value at time 0. */
  public static final int INITIAL_DATA = 3;

  /** Value after the log. */
  public static final int FINAL_DATA = 4;

  /** Timestamp of the last access. */
  public static final int FINAL_TIMESTAMP = 5;

  /** 1 on used rows. */
  public static final int IS_VALID = 6;

  /** One-hot: which part of the address, space or pointer, differs first from the next row. */
  public static final int DIFF_MARKER = 7;

  /** Inverse of the difference at the marker. */
  public static final int DIFF_INV = 9;

  /** Two limbs of the difference minus one. */
  public static final int LT = 10;

  /** Number of columns. */
  public static final int WIDTH = 12;

  private static final List<String> COLUMNS =
      new Columns()
          .one("space")
          .many("pointer_limb", 2)
          .one("initial_data", "final_data", "final_timestamp", "is_valid")
          .many("diff_marker", 2)
          .one("diff_inv")
          .many("lt", 2)
          .build();

  /** Creates the AIR. */
  public VolatileBoundaryAir() {}

  @Override
  public String name() {
    return "Boundary";
  }

  @Override
  public List<String> columns() {
    return COLUMNS;
  }

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    long limb = 1L << config.rangeMaxBits();
    Expression space = builder.column(SPACE);
    Expression low = builder.column(POINTER);
    Expression high = builder.column(POINTER + 1);
    Expression pointer = low.plus(high.times(limb));
    Expression nextPointer = builder.next(POINTER).plus(builder.next(POINTER + 1).times(limb));
    Expression valid = builder.column(IS_VALID);
    Expression nextValid = builder.next(IS_VALID);
    Expression inverse = builder.column(DIFF_INV);
    Expression ltLow = builder.column(LT);
    Expression ltHigh = builder.column(LT + 1);
    Expression transition = builder.isTransition();
    List<String> parts = List.of("address space", "pointer");
    List<Expression> differences =
        List.of(builder.next(SPACE).minus(space), nextPointer.minus(pointer));

    builder.assertBoolean("is_valid is boolean", valid);
    builder.assertZero(
        "only valid rows come before a valid row", transition.times(nextValid.times(valid.not())));
    Expression markers = builder.constant(0);
    Expression difference = builder.constant(0);
    for (int i = 0; i < parts.size(); i++) {
      String part = parts.get(i);
      Expression marker = builder.column(DIFF_MARKER + i);
      Expression d = differences.get(i);
      markers = markers.plus(marker);
      difference = difference.plus(d.times(marker));
      builder.assertZero(
          "diff_marker of the " + part + " is boolean",
          transition.times(marker.times(marker.minus(1))));
      builder.assertZero(
          "the " + part + " does not differ before the marker",
          transition.times(nextValid.times(markers.not()).times(d)));
      builder.assertZero(
          "diff_inv is the inverse of the difference of the " + part,
          transition.times(marker.times(d.times(inverse).minus(1))));
    }
    builder.assertZero(
        "the sum of the markers is boolean", transition.times(markers.times(markers.minus(1))));
    builder.assertZero("the addresses differ", transition.times(nextValid.times(markers.not())));
    builder.assertZero(
        "the addresses ascend: lt = difference - 1",
        transition.times(
            nextValid.times(difference.minus(1).minus(ltLow).minus(ltHigh.times(limb)))));

    builder.send(
        "initial state",
        Bus.MEMORY,
        List.of(space, pointer, builder.column(INITIAL_DATA), builder.constant(0)),
        valid);
    builder.receive(
        "final state",
        Bus.MEMORY,
        List.of(space, pointer, builder.column(FINAL_DATA), builder.column(FINAL_TIMESTAMP)),
        valid);
    builder.rangeCheck("space", space, config.addressSpaceBits(), valid);
    builder.rangeCheckLimbs(
        "pointer_limb", low, high, config.pointerMaxBits(), config.rangeMaxBits(), valid);
    builder.rangeCheckLimbs(
        "lt", ltLow, ltHigh, config.addressBits(), config.rangeMaxBits(), nextValid);
  }
}
