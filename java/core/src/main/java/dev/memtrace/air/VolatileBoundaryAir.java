// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

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
}
