// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Splits a block of N cells into halves, or merges two halves: one row replaces one message on the
 * memory bus by two, or two by one.
 */
public final class AccessAdapterAir implements Air {
  /** 1 on used rows. */
  public static final int IS_VALID = 0;

  /** 1 on a split, 0 on a merge. */
  public static final int IS_SPLIT = 1;

  /** Address space. */
  public static final int SPACE = 2;

  /** First cell of the parent block. */
  public static final int POINTER = 3;

  /** The parent's N cells. */
  public static final int VALUES = 4;

  private static final int COLUMNS_BESIDE_VALUES = 9;

  private final int n;
  private final List<String> columns;

  /**
   * Creates the AIR of one block size.
   *
   * @param n cells of the parent block: 2, 4, 8, 16 or 32
   */
  public AccessAdapterAir(int n) {
    this.n = n;
    this.columns =
        new Columns()
            .one("is_valid", "is_split", "space", "pointer")
            .many("values", n)
            .one("left_timestamp", "right_timestamp", "is_right_larger")
            .many("lt", 2)
            .build();
  }

  /**
   * Returns the column of the left half's timestamp.
   *
   * @param n cells of the parent block
   * @return column index
   */
  public static int leftTimestamp(int n) {
    return VALUES + n;
  }

  /**
   * Returns the column of the right half's timestamp.
   *
   * @param n cells of the parent block
   * @return column index
   */
  public static int rightTimestamp(int n) {
    return VALUES + n + 1;
  }

  /**
   * Returns the column that is 1 if the right half is the younger one.
   *
   * @param n cells of the parent block
   * @return column index
   */
  public static int isRightLarger(int n) {
    return VALUES + n + 2;
  }

  /**
   * Returns the column of the low limb of the timestamp comparison; the high limb follows.
   *
   * @param n cells of the parent block
   * @return column index
   */
  public static int lt(int n) {
    return VALUES + n + 3;
  }

  /**
   * Returns the number of columns.
   *
   * @param n cells of the parent block
   * @return columns
   */
  public static int width(int n) {
    return n + COLUMNS_BESIDE_VALUES;
  }

  @Override
  public String name() {
    return "AccessAdapter<" + n + ">";
  }

  /**
   * Returns the block size.
   *
   * @return cells of the parent block
   */
  public int blockSize() {
    return n;
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    Expression valid = builder.column(IS_VALID);
    Expression split = builder.column(IS_SPLIT);
    Expression space = builder.column(SPACE);
    Expression pointer = builder.column(POINTER);
    List<Expression> values = builder.columns(VALUES, n);
    Expression left = builder.column(leftTimestamp(n));
    Expression right = builder.column(rightTimestamp(n));
    Expression rightLarger = builder.column(isRightLarger(n));
    Expression low = builder.column(lt(n));
    Expression high = builder.column(lt(n) + 1);
    long clock = 1L << config.clkMaxBits();
    builder.assertBoolean("is_split is boolean", split);
    builder.assertBoolean("is_valid is boolean", valid);
    builder.assertBoolean("is_right_larger is boolean", rightLarger);
    builder.assertZero("the halves of a split have one timestamp", split.times(left.minus(right)));
    Expression limbs = low.plus(high.times(1L << config.rangeMaxBits()));
    builder.assertZero(
        "is_right_larger = (left_timestamp < right_timestamp)",
        valid.times(
            right.minus(left).plus(clock - 1).minus(limbs).minus(rightLarger.times(clock))));
    builder.rangeCheckLimbs("lt", low, high, config.clkMaxBits(), config.rangeMaxBits(), valid);

    Expression parent = rightLarger.times(right).plus(rightLarger.not().times(left));
    Expression direction = valid.times(split.times(2).minus(1));
    builder.receive("parent", Bus.MEMORY, message(space, pointer, values, parent), direction);
    builder.send(
        "left half",
        Bus.MEMORY,
        message(space, pointer, values.subList(0, n / 2), left),
        direction);
    builder.send(
        "right half",
        Bus.MEMORY,
        message(space, pointer.plus(n / 2), values.subList(n / 2, n), right),
        direction);
  }

  private static List<Expression> message(
      Expression space, Expression pointer, List<Expression> values, Expression timestamp) {
    List<Expression> message = new ArrayList<>(List.of(space, pointer));
    message.addAll(values);
    message.add(timestamp);
    return message;
  }

  /** Returns 0 for no rows: the AIR is left out of the proof then. */
  @Override
  public long height(long rows) {
    return TraceHeight.nextPowerOfTwoOrZero(rows);
  }
}
