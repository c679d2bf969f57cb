// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

/**
 * The packed form of a log entry without its written cells, 64 bits:
 *
 * <pre>
 * bits 0-30   pointer, immediate value, or amount of a clock increment
 * bits 31-59  address space; 0 for an immediate read or a clock increment
 * bits 60-62  log2 of the number of cells
 * bit  63     write; together with address space 0: clock increment
 * </pre>
 */
public final class LogHeader {
  static final int SPACE_SHIFT = 31;
  private static final int SIZE_SHIFT = 60;
  private static final long LOW_31 = (1L << 31) - 1;
  private static final int SPACE_MASK = (1 << 29) - 1;
  private static final long INCREMENT = 1L << 63;

  /** The bits that say whether an access is an aligned one of 4 cells, and their values if so. */
  private static final long ALIGNED_4_MASK = (7L << SIZE_SHIFT) | 3;

  private static final long ALIGNED_4 = 2L << SIZE_SHIFT;

  private LogHeader() {}

  /**
   * Packs an access.
   *
   * @param write whether it is a write
   * @param addressSpace address space, below 2^29
   * @param pointer first cell or immediate value, below 2^31
   * @param logSize log2 of the number of cells, 0 to 5
   * @return the header
   */
  public static long access(boolean write, int addressSpace, int pointer, int logSize) {
    return (write ? INCREMENT : 0)
        | ((long) logSize << SIZE_SHIFT)
        | ((long) addressSpace << SPACE_SHIFT)
        | pointer;
  }

  /**
   * Packs a clock increment.
   *
   * @param amount how far, below 2^31
   * @return the header
   */
  public static long increment(int amount) {
    return INCREMENT | amount;
  }

  /**
   * Returns the address space.
   *
   * @param header a header
   * @return the address space, 0 for immediates and increments
   */
  public static int addressSpace(long header) {
    return (int) (header >>> SPACE_SHIFT) & SPACE_MASK;
  }

  /**
   * Returns the first cell, the immediate value or the amount.
   *
   * @param header a header
   * @return the low 31 bits
   */
  public static int pointer(long header) {
    return (int) (header & LOW_31);
  }

  /**
   * Returns log2 of the number of cells.
   *
   * @param header a header
   * @return 0 to 5
   */
  public static int logSize(long header) {
    return (int) (header >>> SIZE_SHIFT) & 7;
  }

  /**
   * Returns the number of cells of an access.
   *
   * @param header the header of an access
   * @return a power of two up to 32
   */
  public static int size(long header) {
    return 1 << logSize(header);
  }

  /**
   * Says whether the entry is a write or a clock increment.
   *
   * @param header a header
   * @return the top bit
   */
  public static boolean isWriteOrIncrement(long header) {
    return header < 0;
  }

  /**
   * Says whether the entry is a write.
   *
   * @param header a header
   * @return true for a write
   */
  public static boolean isWrite(long header) {
    return header < 0 && addressSpace(header) != 0;
  }

  /**
   * Says whether the entry is a clock increment.
   *
   * @param header a header
   * @return true for an increment
   */
  public static boolean isIncrement(long header) {
    return header < 0 && addressSpace(header) == 0;
  }

  /**
   * Says whether the entry is an access of 4 cells whose pointer is a multiple of 4.
   *
   * @param header a header
   * @return true for such an access
   */
  public static boolean isAligned4(long header) {
    return (header & ALIGNED_4_MASK) == ALIGNED_4;
  }

  /**
   * Returns how many words of the segment's values the entry has.
   *
   * @param header a header
   * @return the number of cells of a write, else 0
   */
  public static int valueWords(long header) {
    return isWrite(header) ? size(header) : 0;
  }

  /**
   * Returns how far the entry advances the clock.
   *
   * @param header a header
   * @return the amount of an increment, 1 for an access
   */
  public static int ticks(long header) {
    return isIncrement(header) ? pointer(header) : 1;
  }

  /**
   * Returns how many words the entry's record has: log index, timestamp, previous timestamp,
   * length, data, and for a write the previous data.
   *
   * @param header a header
   * @return words, 0 for an increment
   */
  public static int recordWords(long header) {
    if (header >= 0) {
      return 4 + size(header);
    }
    return addressSpace(header) == 0 ? 0 : 4 + 2 * size(header);
  }
}
