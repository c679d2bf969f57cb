// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.config;

/**
 * Parameters of a memory subsystem. The names are OpenVM's, in Java spelling; {@code rangeMaxBits}
 * is called {@code decomp} there.
 *
 * <p>A value of this type may hold any numbers; {@link #validate(MemoryMode)} decides whether they
 * make a legal memory.
 *
 * @param asHeight there are {@code 2^asHeight} address spaces
 * @param asOffset number of the first address space; always 1
 * @param pointerMaxBits each address space has {@code 2^pointerMaxBits} cells
 * @param clkMaxBits timestamps are below {@code 2^clkMaxBits}
 * @param rangeMaxBits the largest bit count that the range checker checks, which is the limb size
 * @param maxAccessAdapterN the largest access in cells; one adapter AIR per power of two from 2
 * @param accessCapacity how many log entries to expect; a hint that changes no result
 */
public record MemoryConfig(
    int asHeight,
    int asOffset,
    int pointerMaxBits,
    int clkMaxBits,
    int rangeMaxBits,
    int maxAccessAdapterN,
    long accessCapacity) {

  /** Log2 of {@link #PAGE_SIZE}. */
  public static final int PAGE_BITS = 12;

  /** Cells in a page of the memory image. */
  public static final int PAGE_SIZE = 1 << PAGE_BITS;

  /** Cells in a chunk, the leaf of the memory tree. */
  public static final int CHUNK = 8;

  /** Limbs in a less-than comparison. */
  public static final int AUX_LEN = 2;

  /** Timestamp of the initial state; the first access has the next one. */
  public static final int INITIAL_TIMESTAMP = 0;

  private static final MemoryConfig DEFAULTS = new MemoryConfig(3, 1, 29, 29, 17, 32, 1L << 24);

  /**
   * Returns OpenVM's default configuration: 8 address spaces of 2^29 cells, 29-bit clock, 17-bit
   * limbs, accesses of up to 32 cells.
   *
   * @return the default configuration
   */
  public static MemoryConfig defaults() {
    return DEFAULTS;
  }

  /**
   * Checks every condition on a memory of the given mode.
   *
   * @param mode the mode that the memory will have
   * @return this configuration
   * @throws IllegalArgumentException naming the first parameter outside its limits, its value and
   *     the limits
   */
  public MemoryConfig validate(MemoryMode mode) {
    boolean persistent = mode == MemoryMode.PERSISTENT;
    require(asOffset == 1, "asOffset", asOffset, "must be 1");
    require(
        rangeMaxBits >= 1 && rangeMaxBits <= 26, "rangeMaxBits", rangeMaxBits, "must be 1 to 26");
    require(clkMaxBits <= 29, "clkMaxBits", clkMaxBits, "must be at most 29");
    require(
        clkMaxBits > rangeMaxBits && clkMaxBits <= 2 * rangeMaxBits,
        "clkMaxBits",
        clkMaxBits,
        "must be more than rangeMaxBits and at most twice rangeMaxBits (" + rangeMaxBits + ")");
    require(
        asHeight >= (persistent ? 1 : 0) && asHeight <= 28,
        "asHeight",
        asHeight,
        "must be " + (persistent ? 1 : 0) + " to 28 in " + mode.label() + " mode");
    require(
        pointerMaxBits >= (persistent ? 4 : 0) && pointerMaxBits <= 29,
        "pointerMaxBits",
        pointerMaxBits,
        "must be " + (persistent ? 4 : 0) + " to 29 in " + mode.label() + " mode");
    if (!persistent) {
      require(
          addressSpaceBits() <= rangeMaxBits,
          "asHeight",
          asHeight,
          "needs "
              + addressSpaceBits()
              + " bits for an address space, which must fit in rangeMaxBits ("
              + rangeMaxBits
              + ") in volatile mode");
      require(
          pointerMaxBits > rangeMaxBits && pointerMaxBits <= 2 * rangeMaxBits,
          "pointerMaxBits",
          pointerMaxBits,
          "must be more than rangeMaxBits and at most twice rangeMaxBits ("
              + rangeMaxBits
              + ") in volatile mode");
    }
    require(
        maxAccessAdapterN >= 2
            && maxAccessAdapterN <= 32
            && Integer.bitCount(maxAccessAdapterN) == 1,
        "maxAccessAdapterN",
        maxAccessAdapterN,
        "must be 2, 4, 8, 16 or 32");
    require(
        !persistent || maxAccessAdapterN >= CHUNK,
        "maxAccessAdapterN",
        maxAccessAdapterN,
        "must be at least 8 in persistent mode, whose blocks begin as chunks of 8 cells");
    if (accessCapacity < 0) {
      throw new IllegalArgumentException(
          "accessCapacity is " + accessCapacity + "; it must not be negative");
    }
    return this;
  }

  private static void require(boolean ok, String parameter, int value, String limit) {
    if (!ok) {
      throw new IllegalArgumentException(parameter + " is " + value + "; it " + limit);
    }
  }

  /**
   * Returns the number of the last address space.
   *
   * @return {@code asOffset + 2^asHeight - 1}
   */
  public int lastAddressSpace() {
    return asOffset + (1 << asHeight) - 1;
  }

  /**
   * Returns the number of cells of an address space.
   *
   * @return {@code 2^pointerMaxBits}
   */
  public int addressSpaceSize() {
    return 1 << pointerMaxBits;
  }

  /**
   * Returns the bit count that the volatile boundary checks for an address space.
   *
   * @return {@code ceil(log2(asOffset + 2^asHeight))}
   */
  public int addressSpaceBits() {
    return 32 - Integer.numberOfLeadingZeros(lastAddressSpace());
  }

  /**
   * Returns the bit count of an address comparison in the volatile boundary.
   *
   * @return the larger of the address-space bits and the pointer bits
   */
  public int addressBits() {
    return Math.max(addressSpaceBits(), pointerMaxBits);
  }

  /**
   * Returns the first timestamp that is out of range.
   *
   * @return {@code 2^clkMaxBits}
   */
  public long timestampLimit() {
    return 1L << clkMaxBits;
  }

  /**
   * Returns the number of access adapter AIRs.
   *
   * @return {@code log2(maxAccessAdapterN)}
   */
  public int adapterCount() {
    return Integer.numberOfTrailingZeros(maxAccessAdapterN);
  }

  /**
   * Returns the shape of the memory tree.
   *
   * @return the dimensions for persistent mode
   */
  public MemoryDimensions dimensions() {
    return new MemoryDimensions(asHeight, pointerMaxBits - 3, asOffset);
  }

  /**
   * Returns a copy with another number of address spaces.
   *
   * @param value the new {@link #asHeight}
   * @return the changed copy
   */
  public MemoryConfig withAsHeight(int value) {
    return new MemoryConfig(
        value,
        asOffset,
        pointerMaxBits,
        clkMaxBits,
        rangeMaxBits,
        maxAccessAdapterN,
        accessCapacity);
  }

  /**
   * Returns a copy with another pointer width.
   *
   * @param value the new {@link #pointerMaxBits}
   * @return the changed copy
   */
  public MemoryConfig withPointerMaxBits(int value) {
    return new MemoryConfig(
        asHeight, asOffset, value, clkMaxBits, rangeMaxBits, maxAccessAdapterN, accessCapacity);
  }

  /**
   * Returns a copy with another clock width.
   *
   * @param value the new {@link #clkMaxBits}
   * @return the changed copy
   */
  public MemoryConfig withClkMaxBits(int value) {
    return new MemoryConfig(
        asHeight, asOffset, pointerMaxBits, value, rangeMaxBits, maxAccessAdapterN, accessCapacity);
  }

  /**
   * Returns a copy with another limb size.
   *
   * @param value the new {@link #rangeMaxBits}
   * @return the changed copy
   */
  public MemoryConfig withRangeMaxBits(int value) {
    return new MemoryConfig(
        asHeight, asOffset, pointerMaxBits, clkMaxBits, value, maxAccessAdapterN, accessCapacity);
  }

  /**
   * Returns a copy with another largest access.
   *
   * @param value the new {@link #maxAccessAdapterN}
   * @return the changed copy
   */
  public MemoryConfig withMaxAccessAdapterN(int value) {
    return new MemoryConfig(
        asHeight, asOffset, pointerMaxBits, clkMaxBits, rangeMaxBits, value, accessCapacity);
  }

  /**
   * Returns a copy with another capacity hint.
   *
   * @param value the new {@link #accessCapacity}
   * @return the changed copy
   */
  public MemoryConfig withAccessCapacity(long value) {
    return new MemoryConfig(
        asHeight, asOffset, pointerMaxBits, clkMaxBits, rangeMaxBits, maxAccessAdapterN, value);
  }

  /**
   * Says whether another configuration describes the same memory, whatever its capacity hint.
   *
   * @param other the configuration to compare with
   * @return true if all parameters but {@link #accessCapacity} are equal
   */
  public boolean sameMemory(MemoryConfig other) {
    return withAccessCapacity(0).equals(other.withAccessCapacity(0));
  }
}
