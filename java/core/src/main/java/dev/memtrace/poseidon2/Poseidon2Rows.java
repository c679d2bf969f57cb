// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import dev.memtrace.field.BabyBear;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Fills rows of the trace of the permutation: the column {@code export} (1), the 16 inputs, then
 * per round the S-box registers and the state after it, as the constraints want them. The periphery
 * adds a multiplicity behind each row. All methods are safe for use by several threads on rows that
 * do not overlap.
 */
public final class Poseidon2Rows {
  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int WIDTH = Poseidon2Constants.WIDTH;
  private static final int FULL_ROUNDS = 2 * Poseidon2Constants.HALF_FULL_ROUNDS;

  /** In Montgomery form and centred, so that a product with 2 P stays below P^2. */
  private static final int[] DIAGONAL = centredDiagonal();

  private Poseidon2Rows() {}

  /**
   * Returns the columns of a row, without a multiplicity.
   *
   * @param registers S-box registers per S-box, 0 or 1
   * @return 158 or 299
   * @throws IllegalArgumentException if the number of registers is neither
   */
  public static int width(int registers) {
    if (registers != 0 && registers != 1) {
      throw new IllegalArgumentException("S-box registers: " + registers + "; must be 0 or 1");
    }
    return 1
        + WIDTH
        + FULL_ROUNDS * WIDTH * (1 + registers)
        + Poseidon2Constants.PARTIAL_ROUNDS * (1 + registers);
  }

  /**
   * Fills one row.
   *
   * @param input 16 canonical elements
   * @param registers S-box registers per S-box, 0 or 1
   * @param out where the canonical words go, in native byte order
   * @param wordOffset index of the first one, in words of four bytes
   * @throws IllegalArgumentException if there are not 16 elements, or the number of registers is
   *     neither 0 nor 1
   * @throws IndexOutOfBoundsException if the row does not fit the segment
   */
  public static void fill(int[] input, int registers, MemorySegment out, long wordOffset) {
    if (input.length != WIDTH) {
      throw new IllegalArgumentException(
          "an input of " + input.length + " elements; must be " + WIDTH);
    }
    fill(input, 0, 1, registers, out, wordOffset, width(registers));
  }

  /**
   * Fills many rows.
   *
   * @param inputs 16 canonical elements per row, one row after the other
   * @param inputOffset index of the first element
   * @param count number of rows, 0 or more
   * @param registers S-box registers per S-box, 0 or 1
   * @param out where the canonical words go, in native byte order
   * @param wordOffset index of the first one, in words of four bytes
   * @param rowWords distance from one row to the next in words, at least {@code width(registers)};
   *     words between are left alone
   * @throws IllegalArgumentException if the number of registers is neither 0 nor 1, or the distance
   *     is too small
   * @throws IndexOutOfBoundsException if the count is negative, or the inputs or the rows do not
   *     fit; nothing is written then
   */
  public static void fill(
      int[] inputs,
      int inputOffset,
      int count,
      int registers,
      MemorySegment out,
      long wordOffset,
      long rowWords) {
    int width = width(registers);
    if (rowWords < width) {
      throw new IllegalArgumentException(
          "rows " + rowWords + " words apart; must be at least " + width);
    }
    Objects.checkFromIndexSize((long) inputOffset, (long) count * WIDTH, inputs.length);
    if (count == 0) {
      return;
    }
    long words = Math.addExact(Math.multiplyExact(count - 1L, rowWords), width);
    Objects.checkFromIndexSize(wordOffset, words, out.byteSize() >>> 2);
    int[] row = new int[width];
    long[] state = new long[WIDTH];
    for (int i = 0; i < count; i++) {
      BabyBear.toMontgomery(inputs, inputOffset + i * WIDTH, row, 1, WIDTH);
      trace(row, state, registers);
      BabyBear.fromMontgomery(row, 0, row, 0, width);
      MemorySegment.copy(row, 0, out, WORD, (wordOffset + i * rowWords) << 2, width);
    }
  }

  /** Completes a row that holds the inputs; everything in Montgomery form. */
  private static void trace(int[] row, long[] s, int registers) {
    row[0] = BabyBear.MONTGOMERY_ONE;
    for (int i = 0; i < WIDTH; i++) {
      s[i] = row[1 + i];
    }
    external(s);
    int column = 1 + WIDTH;
    for (int[] constants : Poseidon2Scalar.BEGINNING) {
      column = fullRound(row, column, s, constants, registers);
    }
    for (int constant : Poseidon2Scalar.PARTIAL) {
      column = partialRound(row, column, s, constant, registers);
    }
    for (int[] constants : Poseidon2Scalar.ENDING) {
      column = fullRound(row, column, s, constants, registers);
    }
  }

  /** State in: at most 35 P. Out: 0 .. P - 1, as in the row. */
  private static int fullRound(int[] row, int column, long[] s, int[] constants, int registers) {
    for (int i = 0; i < WIDTH; i++) {
      long x = Poseidon2Scalar.reduce(s[i] + constants[i]);
      long x2 = Poseidon2Scalar.multiply(x, x);
      long x3 = Poseidon2Scalar.multiply(x2, x);
      if (registers == 1) {
        row[column + i] = Poseidon2Scalar.wrap(x3);
      }
      s[i] = Poseidon2Scalar.multiply(Poseidon2Scalar.multiply(x2, x2), x3);
    }
    external(s);
    int post = column + WIDTH * registers;
    for (int i = 0; i < WIDTH; i++) {
      int value = Poseidon2Scalar.canonical(s[i]);
      row[post + i] = value;
      s[i] = value;
    }
    return post + WIDTH;
  }

  /** State in and out: at most 2 P. */
  private static int partialRound(int[] row, int column, long[] s, int constant, int registers) {
    long x = Poseidon2Scalar.reduce(s[0] + constant);
    long x2 = Poseidon2Scalar.multiply(x, x);
    long x3 = Poseidon2Scalar.multiply(x2, x);
    if (registers == 1) {
      row[column] = Poseidon2Scalar.wrap(x3);
    }
    s[0] = Poseidon2Scalar.multiply(Poseidon2Scalar.multiply(x2, x2), x3);
    int post = column + registers;
    row[post] = Poseidon2Scalar.wrap(s[0]);
    long sum = 0;
    for (int i = 0; i < WIDTH; i++) {
      sum += s[i];
    }
    sum = Poseidon2Scalar.reduce(sum);
    for (int i = 0; i < WIDTH; i++) {
      s[i] = sum + Poseidon2Scalar.multiply(s[i], DIAGONAL[i]);
    }
    return post + 1;
  }

  /** The external layer. In: P. Out: 35 P. */
  private static void external(long[] s) {
    for (int g = 0; g < WIDTH; g += 4) {
      long x0 = s[g];
      long x1 = s[g + 1];
      long x2 = s[g + 2];
      long x3 = s[g + 3];
      long a = x0 + x1;
      long b = x2 + x3;
      long c = a + b;
      long d = c + x1;
      long e = c + x3;
      s[g] = d + a;
      s[g + 1] = d + 2 * x2;
      s[g + 2] = e + b;
      s[g + 3] = e + 2 * x0;
    }
    for (int i = 0; i < 4; i++) {
      long sum = s[i] + s[i + 4] + s[i + 8] + s[i + 12];
      for (int g = 0; g < WIDTH; g += 4) {
        s[g + i] += sum;
      }
    }
  }

  private static int[] centredDiagonal() {
    int[] diagonal = Poseidon2Scalar.montgomery(Poseidon2Constants.DIAGONAL);
    for (int i = 0; i < WIDTH; i++) {
      if (diagonal[i] > BabyBear.P / 2) {
        diagonal[i] -= BabyBear.P;
      }
    }
    return diagonal;
  }
}
