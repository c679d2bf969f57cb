// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import java.util.List;

/**
 * The variable range checker: a fixed table of (value, bits) pairs and how often each was asked
 * for. Row {@code 2^bits + value} holds the pair; row 0 is unused.
 */
public final class RangeCheckerAir implements Air {
  private static final List<String> COLUMNS = List.of("mult");

  /**
   * Returns the row of a pair.
   *
   * @param value the number checked, below {@code 2^bits}
   * @param bits its bit count
   * @return row index
   */
  public static int row(int value, int bits) {
    return (1 << bits) + value;
  }

  /**
   * Returns the height of the table.
   *
   * @param rangeMaxBits the largest bit count
   * @return {@code 2^(rangeMaxBits + 1)}
   */
  public static int height(int rangeMaxBits) {
    return 2 << rangeMaxBits;
  }

  /** Creates the AIR. */
  public RangeCheckerAir() {}

  @Override
  public String name() {
    return "VariableRangeChecker";
  }

  @Override
  public List<String> columns() {
    return COLUMNS;
  }
}
