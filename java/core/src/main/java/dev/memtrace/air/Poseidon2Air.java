// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import java.util.ArrayList;
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

  private static final int HALF_FULL_ROUNDS = Poseidon2Parameters.HALF_FULL_ROUNDS;
  private static final int PARTIAL_ROUNDS = Poseidon2Parameters.PARTIAL_ROUNDS;
  private static final int STATE = Poseidon2Parameters.WIDTH;

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

  /**
   * Returns the index of the column that says how often the row was asked for.
   *
   * @return the last column
   */
  public int mult() {
    return columns.size() - 1;
  }

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    Permutation permutation = new Permutation(builder);
    List<Expression> message = builder.columns(INPUT, STATE);
    for (int r = 0; r < HALF_FULL_ROUNDS; r++) {
      permutation.fullRound("beginning full round " + r, r);
    }
    for (int r = 0; r < PARTIAL_ROUNDS; r++) {
      permutation.partialRound(r);
    }
    for (int r = 0; r < HALF_FULL_ROUNDS; r++) {
      permutation.fullRound("ending full round " + r, HALF_FULL_ROUNDS + r);
    }
    message.addAll(permutation.state.subList(0, Poseidon2Parameters.DIGEST));
    builder.receive("permutation", Bus.COMPRESSION, message, builder.column(mult()));
  }

  /** Walks through the columns with a symbolic state. */
  private final class Permutation {
    private final AirBuilder builder;
    private int column = INPUT + STATE;
    private List<Expression> state;

    Permutation(AirBuilder builder) {
      this.builder = builder;
      this.state = externalLayer(builder.columns(INPUT, STATE));
    }

    private Expression sbox(String round, Expression x, int registerColumn) {
      Expression cube = x.times(x).times(x);
      if (registers == 1) {
        Expression register = builder.column(registerColumn);
        builder.assertZero(
            round + ": " + columns.get(registerColumn) + " is a cube", register.minus(cube));
        cube = register;
      }
      return cube.times(cube).times(x);
    }

    private void fullRound(String name, int round) {
      List<Expression> powers = new ArrayList<>();
      for (int i = 0; i < STATE; i++) {
        Expression x = state.get(i).plus(Poseidon2Parameters.fullRoundConstant(round, i));
        powers.add(sbox(name, x, column + i));
      }
      column += registers * STATE;
      List<Expression> mixed = externalLayer(powers);
      for (int i = 0; i < STATE; i++) {
        builder.assertZero(
            name + ": " + columns.get(column + i), builder.column(column + i).minus(mixed.get(i)));
      }
      state = builder.columns(column, STATE);
      column += STATE;
    }

    private void partialRound(int round) {
      String name = "partial round " + round;
      Expression x = state.getFirst().plus(Poseidon2Parameters.partialRoundConstant(round));
      Expression power = sbox(name, x, column);
      column += registers;
      Expression post = builder.column(column);
      builder.assertZero(name + ": " + columns.get(column), post.minus(power));
      column++;
      state.set(0, post);
      Expression sum = builder.constant(0);
      for (Expression element : state) {
        sum = sum.plus(element);
      }
      for (int i = 0; i < STATE; i++) {
        state.set(i, sum.plus(state.get(i).times(Poseidon2Parameters.internalDiagonal(i))));
      }
    }

    private List<Expression> externalLayer(List<Expression> input) {
      List<Expression> groups = new ArrayList<>();
      for (int i = 0; i < STATE; i++) {
        int first = i / Poseidon2Parameters.GROUP * Poseidon2Parameters.GROUP;
        Expression sum = builder.constant(0);
        for (int j = 0; j < Poseidon2Parameters.GROUP; j++) {
          int factor = Poseidon2Parameters.externalMatrix(i % Poseidon2Parameters.GROUP, j);
          for (int k = 0; k < factor; k++) {
            sum = sum.plus(input.get(first + j));
          }
        }
        groups.add(sum);
      }
      List<Expression> output = new ArrayList<>();
      for (int i = 0; i < STATE; i++) {
        Expression element = groups.get(i);
        for (int j = i % Poseidon2Parameters.GROUP; j < STATE; j += Poseidon2Parameters.GROUP) {
          element = element.plus(groups.get(j));
        }
        output.add(element);
      }
      return output;
    }
  }

  /** Returns 0 for no rows: the AIR is left out of the proof then. */
  @Override
  public long height(long rows) {
    return TraceHeight.nextPowerOfTwoOrZero(rows);
  }
}
