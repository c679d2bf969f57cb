// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

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

  /** Returns 0 for no rows: the AIR is left out of the proof then. */
  @Override
  public long height(long rows) {
    return TraceHeight.nextPowerOfTwoOrZero(rows);
  }
}
