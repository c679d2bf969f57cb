// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

/** Rounding of trace heights. */
public final class TraceHeight {
  /** The most rows of a trace: the two-adicity of p - 1 is 27. */
  public static final long MAX = 1L << 27;

  private TraceHeight() {}

  /**
   * Rounds up to a power of two, and 0 to 1.
   *
   * @param rows rows, not negative
   * @return the smallest power of two that is at least {@code rows}
   */
  public static long nextPowerOfTwo(long rows) {
    return rows <= 1 ? 1 : Long.highestOneBit(rows - 1) << 1;
  }

  /**
   * Rounds up to a power of two, and 0 to 0.
   *
   * @param rows rows, not negative
   * @return 0, or the smallest power of two that is at least {@code rows}
   */
  public static long nextPowerOfTwoOrZero(long rows) {
    return rows == 0 ? 0 : nextPowerOfTwo(rows);
  }
}
