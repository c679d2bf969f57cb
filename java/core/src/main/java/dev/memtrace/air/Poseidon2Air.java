// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import java.util.List;

/**
 * The Poseidon2 periphery: one permutation a row, and how often it was asked for. The variant with
 * one S-box register has constraints of degree 3, the one without of degree 7.
 */
public final class Poseidon2Air implements Air {
  /** Always 1, bound by nothing. */
  public static final int EXPORT = 0;

  /** The 16 input elements. */
  public static final int INPUT = 1;

  private static final int HALF_FULL_ROUNDS = 4;
  private static final int PARTIAL_ROUNDS = 13;
  private static final int STATE = 16;

  private final int registers;
  private final List<String> columns;

  /**
   * Creates one variant.
   *
   * @param registers S-box registers per S-box, 0 or 1
   */
  public Poseidon2Air(int registers) {
    checkRegisters(registers);
    this.registers = registers;
    Columns names = new Columns().one("export").many("input", STATE);
    fullRounds(names, "beginning");
    for (int r = 0; r < PARTIAL_ROUNDS; r++) {
      names.many("partial_" + r + "_reg", registers).one("partial_" + r + "_post_sbox");
    }
    fullRounds(names, "ending");
    this.columns = names.one("mult").build();
  }

  private static void checkRegisters(int registers) {
    if (registers != 0 && registers != 1) {
      throw new IllegalArgumentException("S-box registers: " + registers + "; must be 0 or 1");
    }
  }

  private void fullRounds(Columns names, String part) {
    for (int r = 0; r < HALF_FULL_ROUNDS; r++) {
      names
          .many(part + "_full_" + r + "_reg", registers * STATE)
          .many(part + "_full_" + r + "_post", STATE);
    }
  }

  /**
   * Returns the number of columns, the multiplicity included.
   *
   * @param registers S-box registers, 0 or 1
   * @return 159 or 300
   * @throws IllegalArgumentException if {@code registers} is neither
   */
  public static int width(int registers) {
    checkRegisters(registers);
    return 1
        + STATE
        + 2 * HALF_FULL_ROUNDS * STATE * (1 + registers)
        + PARTIAL_ROUNDS * (1 + registers)
        + 1;
  }

  /**
   * Returns the number of S-box registers.
   *
   * @return 0 or 1
   */
  public int registers() {
    return registers;
  }

  @Override
  public String name() {
    return "Poseidon2Periphery";
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
