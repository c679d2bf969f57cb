// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import java.util.List;

/**
 * The variable range checker: a fixed table of (value, bits) pairs and how often each was asked
 * for. Row {@code 2^bits + value} holds the pair; row 0 is unused.
 */
public final class RangeCheckerAir implements Air {
  /** How often the row's pair was asked for. */
  public static final int MULT = 0;

  /** Preprocessed: the number checked. */
  public static final int VALUE = 0;

  /** Preprocessed: its bit count. */
  public static final int BITS = 1;

  private static final List<String> COLUMNS = List.of("mult");
  private static final List<String> PREPROCESSED = List.of("value", "bits");

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

  @Override
  public List<String> preprocessedColumns() {
    return PREPROCESSED;
  }

  /** Row 0 holds (0, 0), and so does row 1. */
  @Override
  public int preprocessed(long row, int column) {
    int bits = row == 0 ? 0 : Long.SIZE - 1 - Long.numberOfLeadingZeros(row);
    return switch (column) {
      case VALUE -> row == 0 ? 0 : (int) (row - (1L << bits));
      case BITS -> bits;
      default -> throw new IndexOutOfBoundsException("preprocessed column " + column + " of 2");
    };
  }

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    builder.receive(
        "table",
        Bus.RANGE,
        List.of(builder.preprocessed(VALUE), builder.preprocessed(BITS)),
        builder.column(MULT));
  }
}
