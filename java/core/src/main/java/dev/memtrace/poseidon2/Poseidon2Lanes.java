// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import dev.memtrace.field.BabyBear;

/**
 * The permutation on {@link #LANES} states side by side, in loops that the compiler turns into
 * vector instructions.
 *
 * <p>A field element is a {@code double} that holds an integer exactly, centred around 0. A product
 * is exact as a sum of two: with {@code h = a * b} rounded, {@code a * b - h} is a double again,
 * and a fused multiply-add computes it. For |a|, |b| below 2^38 that error is at most 2^23, and the
 * quotient by P is wrong by at most 2^-8, so that a reduced product is at most P / 2 + 2^24 in
 * magnitude; this is H in the comments below. Sums of a few hundred such values need no reduction
 * before the next product.
 *
 * <p>In the partial rounds a value may also have binary digits after the point: an element is then
 * a fraction with a power of two below it, which is a field element as good as any, and multiplying
 * by 1/2^n costs one instruction. {@link #fold} makes it an integer again before the digits run
 * out.
 *
 * <p>Layout: element 4g + j of lane i lies at {@code (4 * j + g) * LANES + i}, so that the 4x4
 * matrix is one loop over the four groups. Loops have constant bounds and few operations, the
 * distance between rows is constant and all rows lie in one array; the compiler needs all of it.
 */
final class Poseidon2Lanes {
  /** States side by side. */
  static final int LANES = 64;

  private static final int WIDTH = Poseidon2Constants.WIDTH;
  private static final int GROUPS = 4;
  private static final int STATE = WIDTH * LANES;

  /** Rows of the second and fourth powers, free outside the S-box of a full round. */
  private static final int POWERS = STATE;

  /** Row of the reduced sum of the state, in a partial round. */
  private static final int SUM = STATE;

  /** Row of the sum of the elements 1 .. 15, in a partial round. */
  private static final int REST = STATE + LANES;

  /** Doubles that {@link #compress} works on. */
  static final int SCRATCH = 2 * STATE;

  private static final double P = BabyBear.P;
  private static final double NEGATIVE_P = -P;
  private static final double NEGATIVE_P_MINUS_1 = -(P - 1);
  private static final double P_RECIPROCAL = 1 / P;

  /** Adding and subtracting it rounds a number of magnitude below 2^51 to an integer. */
  private static final double ROUNDER = 0x1.8p52;

  private static final double TO_MONTGOMERY = centred(BabyBear.MONTGOMERY_ONE);
  private static final double FROM_MONTGOMERY = centred(BabyBear.inverse(BabyBear.MONTGOMERY_ONE));

  private static final double[][] BEGINNING = centred(Poseidon2Constants.BEGINNING);
  private static final double[] PARTIAL = centred(Poseidon2Constants.PARTIAL);
  private static final double[][] ENDING = centred(Poseidon2Constants.ENDING);
  private static final double[] NONE = new double[WIDTH];

  private Poseidon2Lanes() {}

  /**
   * Compresses up to {@link #LANES} items in Montgomery form; the ranges are not checked first.
   *
   * @param s scratch of {@link #SCRATCH} doubles; zeros or what an earlier call left
   */
  static void compress(
      int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count, double[] s) {
    load(inputs, inputOffset, count, s);
    scale(s, STATE, FROM_MONTGOMERY);
    external(s, BEGINNING[0]);
    for (int round = 1; round <= BEGINNING.length; round++) {
      powers(s);
      external(s, round < BEGINNING.length ? BEGINNING[round] : NONE);
    }
    partialRounds(s);
    addConstants(s, ENDING[0]);
    for (int round = 1; round <= ENDING.length; round++) {
      powers(s);
      external(s, round < ENDING.length ? ENDING[round] : NONE);
    }
    scaleOutputs(s);
    store(outputs, outputOffset, count, s);
  }

  private static int row(int element) {
    return (element % GROUPS * GROUPS + element / GROUPS) * LANES;
  }

  private static void load(int[] inputs, int offset, int count, double[] s) {
    for (int i = 0; i < count; i++) {
      int from = offset + i * WIDTH;
      for (int element = 0; element < WIDTH; element++) {
        s[row(element) + i] = inputs[from + element];
      }
    }
  }

  private static void store(int[] outputs, int offset, int count, double[] s) {
    for (int i = 0; i < count; i++) {
      int to = offset + i * Poseidon2Constants.DIGEST;
      for (int element = 0; element < Poseidon2Constants.DIGEST; element++) {
        // An integer of magnitude H stands in the low digits of its sum with 1.5 * 2^52.
        int value = (int) Double.doubleToRawLongBits(s[row(element) + i] + ROUNDER);
        outputs[to + element] = value + (BabyBear.P & (value >> 31));
      }
    }
  }

  /** Multiplies rows by a constant; the results are at most H. */
  private static void scale(double[] s, int end, double factor) {
    for (int i = 0; i < end; i++) {
      s[i] = multiply(s[i], factor, -factor);
    }
  }

  /** Multiplies the elements 0 .. 7, the first two rows of four, by 2^32. */
  private static void scaleOutputs(double[] s) {
    for (int i = 0; i < 2 * LANES; i++) {
      s[i] = multiply(s[i], TO_MONTGOMERY, -TO_MONTGOMERY);
      s[i + 4 * LANES] = multiply(s[i + 4 * LANES], TO_MONTGOMERY, -TO_MONTGOMERY);
      s[i + 8 * LANES] = multiply(s[i + 8 * LANES], TO_MONTGOMERY, -TO_MONTGOMERY);
      s[i + 12 * LANES] = multiply(s[i + 12 * LANES], TO_MONTGOMERY, -TO_MONTGOMERY);
    }
  }

  /**
   * The S-box on every element. In: below 2^37. Out: H. Three loops, because the chain of dependent
   * products of one is too long for a processor to overlap with its neighbours.
   */
  private static void powers(double[] s) {
    squares(s);
    thirdAndFourthPowers(s);
    seventhPowers(s);
  }

  private static void squares(double[] s) {
    for (int i = 0; i < STATE; i++) {
      double x = s[i];
      s[i + POWERS] = multiply(x, x, -x);
    }
  }

  private static void thirdAndFourthPowers(double[] s) {
    for (int i = 0; i < STATE; i++) {
      double x2 = s[i + POWERS];
      double negative = -x2;
      s[i] = multiply(s[i], x2, negative);
      s[i + POWERS] = multiply(x2, x2, negative);
    }
  }

  private static void seventhPowers(double[] s) {
    for (int i = 0; i < STATE; i++) {
      double x3 = s[i];
      s[i] = multiply(s[i + POWERS], x3, -x3);
    }
  }

  /** The external layer, then constants. In: H. Out: 36 H. */
  private static void external(double[] s, double[] constants) {
    mixGroups(s);
    mixColumns0(s, constants[0], constants[4], constants[8], constants[12]);
    mixColumns1(s, constants[1], constants[5], constants[9], constants[13]);
    mixColumns2(s, constants[2], constants[6], constants[10], constants[14]);
    mixColumns3(s, constants[3], constants[7], constants[11], constants[15]);
  }

  /** The 4x4 matrix on every group. In: H. Out: 7 H. */
  private static void mixGroups(double[] s) {
    for (int i = 0; i < GROUPS * LANES; i++) {
      double x0 = s[i];
      double x1 = s[i + 4 * LANES];
      double x2 = s[i + 8 * LANES];
      double x3 = s[i + 12 * LANES];
      double a = x0 + x1;
      double b = x2 + x3;
      double c = a + b;
      double d = c + x1;
      double e = c + x3;
      s[i] = d + a;
      s[i + 4 * LANES] = Math.fma(x2, 2.0, d);
      s[i + 8 * LANES] = e + b;
      s[i + 12 * LANES] = Math.fma(x0, 2.0, e);
    }
  }

  /** Adds the sum of the elements 0, 4, 8 and 12 to each of them. */
  private static void mixColumns0(double[] s, double k0, double k1, double k2, double k3) {
    for (int i = 0; i < LANES; i++) {
      double x0 = s[i];
      double x1 = s[i + LANES];
      double x2 = s[i + 2 * LANES];
      double x3 = s[i + 3 * LANES];
      double sum = (x0 + x1) + (x2 + x3);
      s[i] = x0 + sum + k0;
      s[i + LANES] = x1 + sum + k1;
      s[i + 2 * LANES] = x2 + sum + k2;
      s[i + 3 * LANES] = x3 + sum + k3;
    }
  }

  /** Adds the sum of the elements 1, 5, 9 and 13 to each of them. */
  private static void mixColumns1(double[] s, double k0, double k1, double k2, double k3) {
    for (int i = 0; i < LANES; i++) {
      double x0 = s[i + 4 * LANES];
      double x1 = s[i + 5 * LANES];
      double x2 = s[i + 6 * LANES];
      double x3 = s[i + 7 * LANES];
      double sum = (x0 + x1) + (x2 + x3);
      s[i + 4 * LANES] = x0 + sum + k0;
      s[i + 5 * LANES] = x1 + sum + k1;
      s[i + 6 * LANES] = x2 + sum + k2;
      s[i + 7 * LANES] = x3 + sum + k3;
    }
  }

  /** Adds the sum of the elements 2, 6, 10 and 14 to each of them. */
  private static void mixColumns2(double[] s, double k0, double k1, double k2, double k3) {
    for (int i = 0; i < LANES; i++) {
      double x0 = s[i + 8 * LANES];
      double x1 = s[i + 9 * LANES];
      double x2 = s[i + 10 * LANES];
      double x3 = s[i + 11 * LANES];
      double sum = (x0 + x1) + (x2 + x3);
      s[i + 8 * LANES] = x0 + sum + k0;
      s[i + 9 * LANES] = x1 + sum + k1;
      s[i + 10 * LANES] = x2 + sum + k2;
      s[i + 11 * LANES] = x3 + sum + k3;
    }
  }

  /** Adds the sum of the elements 3, 7, 11 and 15 to each of them. */
  private static void mixColumns3(double[] s, double k0, double k1, double k2, double k3) {
    for (int i = 0; i < LANES; i++) {
      double x0 = s[i + 12 * LANES];
      double x1 = s[i + 13 * LANES];
      double x2 = s[i + 14 * LANES];
      double x3 = s[i + 15 * LANES];
      double sum = (x0 + x1) + (x2 + x3);
      s[i + 12 * LANES] = x0 + sum + k0;
      s[i + 13 * LANES] = x1 + sum + k1;
      s[i + 14 * LANES] = x2 + sum + k2;
      s[i + 15 * LANES] = x3 + sum + k3;
    }
  }

  /**
   * The 13 partial rounds. In: 35 H. Out: integers of at most 86 H.
   *
   * <p>With t the reduced sum, at most H, an element of entry D becomes t + D times itself. From
   * one call of {@link #settle} to the next are four rounds: an element of entry 4 or -4 grows from
   * H to 256 H + 85 H, one of entry 3 or -3 to 121 H, and the sum of all to at most 1010 H < 2^40,
   * with up to 4 * 3 digits after the point (those of 1/8), which makes 52 of the 53 that there
   * are. Before the first call are two rounds from 35 H, to 565 H for 4 and -4: the sum is at most
   * 1990 H < 2^41, with 6 digits.
   */
  private static void partialRounds(double[] s) {
    sumFirst(s);
    sumSecond(s);
    for (int round = 0; round < PARTIAL.length; round++) {
      powerOfElement0(s, PARTIAL[round]);
      internalSum(s);
      internalA(s);
      internalB(s);
      internalC(s);
      if ((round & 3) == 1) {
        settle(s);
      }
    }
    foldRows(s, 9 * LANES, 11 * LANES);
    foldRows(s, 12 * LANES, 13 * LANES);
    foldRows(s, 14 * LANES, 15 * LANES);
  }

  /** Sums the elements of the rows 1 to 7. */
  private static void sumFirst(double[] s) {
    for (int i = 0; i < LANES; i++) {
      s[i + REST] =
          ((s[i + LANES] + s[i + 2 * LANES]) + (s[i + 3 * LANES] + s[i + 4 * LANES]))
              + ((s[i + 5 * LANES] + s[i + 6 * LANES]) + s[i + 7 * LANES]);
    }
  }

  /** Adds the elements of the rows 8 to 15. */
  private static void sumSecond(double[] s) {
    for (int i = 0; i < LANES; i++) {
      s[i + REST] +=
          ((s[i + 8 * LANES] + s[i + 9 * LANES]) + (s[i + 10 * LANES] + s[i + 11 * LANES]))
              + ((s[i + 12 * LANES] + s[i + 13 * LANES]) + (s[i + 14 * LANES] + s[i + 15 * LANES]));
    }
  }

  /** The S-box on element 0. Out: H. */
  private static void powerOfElement0(double[] s, double constant) {
    for (int i = 0; i < LANES; i++) {
      s[i] = power7(s[i] + constant);
    }
  }

  /** The sum of the state, reduced to H, and element 0 of the internal layer. */
  private static void internalSum(double[] s) {
    for (int i = 0; i < LANES; i++) {
      double power = s[i];
      double sum = reduce(fold(power + s[i + REST]));
      s[i + SUM] = sum;
      s[i] = Math.fma(power, -2.0, sum);
    }
  }

  /** Rows 1 to 5 of the internal layer, and the first part of the next round's sum. */
  private static void internalA(double[] s) {
    for (int i = 0; i < LANES; i++) {
      double sum = s[i + SUM];
      double v4 = Math.fma(s[i + LANES], 3.0, sum);
      double v8 = Math.fma(s[i + 2 * LANES], -4.0, sum);
      double v12 = reduce(Math.fma(s[i + 3 * LANES], -15.0, sum));
      double v1 = sum + s[i + 4 * LANES];
      double v5 = Math.fma(s[i + 5 * LANES], 4.0, sum);
      s[i + LANES] = v4;
      s[i + 2 * LANES] = v8;
      s[i + 3 * LANES] = v12;
      s[i + 4 * LANES] = v1;
      s[i + 5 * LANES] = v5;
      s[i + REST] = (v4 + v8) + (v12 + v1) + v5;
    }
  }

  /** Rows 6 to 10 of the internal layer. */
  private static void internalB(double[] s) {
    for (int i = 0; i < LANES; i++) {
      double sum = s[i + SUM];
      double v9 = fold(Math.fma(s[i + 6 * LANES], 0x1p-8, sum));
      double v13 = fold(Math.fma(s[i + 7 * LANES], -0x1p-8, sum));
      double v2 = Math.fma(s[i + 8 * LANES], 2.0, sum);
      double v6 = Math.fma(s[i + 9 * LANES], -0.5, sum);
      double v10 = Math.fma(s[i + 10 * LANES], 0.25, sum);
      s[i + 6 * LANES] = v9;
      s[i + 7 * LANES] = v13;
      s[i + 8 * LANES] = v2;
      s[i + 9 * LANES] = v6;
      s[i + 10 * LANES] = v10;
      s[i + REST] += (v9 + v13) + (v2 + v6) + v10;
    }
  }

  /** Rows 11 to 15 of the internal layer. */
  private static void internalC(double[] s) {
    for (int i = 0; i < LANES; i++) {
      double sum = s[i + SUM];
      double v14 = fold(Math.fma(s[i + 11 * LANES], -0x1p-4, sum));
      double v3 = Math.fma(s[i + 12 * LANES], 0.5, sum);
      double v7 = Math.fma(s[i + 13 * LANES], -3.0, sum);
      double v11 = Math.fma(s[i + 14 * LANES], 0.125, sum);
      double v15 = reduce(Math.fma(s[i + 15 * LANES], 15.0, sum));
      s[i + 11 * LANES] = v14;
      s[i + 12 * LANES] = v3;
      s[i + 13 * LANES] = v7;
      s[i + 14 * LANES] = v11;
      s[i + 15 * LANES] = v15;
      s[i + REST] += (v14 + v3) + (v7 + v11) + v15;
    }
  }

  /**
   * Brings the elements that grow, in size or in digits after the point, back to integers of at
   * most H. Those with the entries -15, 15, 1/2^8, -1/2^8 and -1/16 are treated in every round.
   */
  private static void settle(double[] s) {
    foldAndReduceRows(s, LANES, 3 * LANES);
    foldAndReduceRows(s, 5 * LANES, 6 * LANES);
    foldAndReduceRows(s, 8 * LANES, 11 * LANES);
    foldAndReduceRows(s, 12 * LANES, 15 * LANES);
  }

  private static void foldRows(double[] s, int from, int to) {
    for (int i = from; i < to; i++) {
      s[i] = fold(s[i]);
    }
  }

  private static void foldAndReduceRows(double[] s, int from, int to) {
    for (int i = from; i < to; i++) {
      s[i] = reduce(fold(s[i]));
    }
  }

  private static void addConstants(double[] s, double[] constants) {
    for (int element = 0; element < WIDTH; element++) {
      int row = row(element);
      double constant = constants[element];
      for (int i = row; i < row + LANES; i++) {
        s[i] += constant;
      }
    }
  }

  /** The seventh power of an integer below 2^38. Out: H. */
  private static double power7(double x) {
    double negative = -x;
    double x2 = multiply(x, x, negative);
    double x4 = multiply(x2, x2, -x2);
    double x3 = multiply(x2, x, negative);
    return multiply(x4, x3, -x3);
  }

  /** A product of integers below 2^38. Out: H. The caller negates b, often once for two uses. */
  private static double multiply(double a, double b, double negativeB) {
    double high = a * b;
    double quotient = Math.fma(high, P_RECIPROCAL, ROUNDER) - ROUNDER;
    // The multiple of P is so near to high that the difference is exact, as is the rounding error.
    return Math.fma(quotient, NEGATIVE_P, high) - Math.fma(a, negativeB, high);
  }

  /** Subtracts the nearest multiple of P from a number below 2^51. Out: H. */
  private static double reduce(double a) {
    double quotient = Math.fma(a, P_RECIPROCAL, ROUNDER) - ROUNDER;
    return Math.fma(quotient, NEGATIVE_P, a);
  }

  /**
   * Makes a number with digits after the point the integer it stands for, using that P - 1 is a
   * multiple of 2^27: n + m / 2^k = n - m * (P - 1) / 2^k. In: below 2^51. Out: H more.
   */
  private static double fold(double a) {
    double whole = (a + ROUNDER) - ROUNDER;
    return Math.fma(a - whole, NEGATIVE_P_MINUS_1, whole);
  }

  private static double[][] centred(int[][] rows) {
    double[][] converted = new double[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      converted[i] = centred(rows[i]);
    }
    return converted;
  }

  private static double[] centred(int[] values) {
    double[] converted = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      converted[i] = centred(values[i]);
    }
    return converted;
  }

  private static double centred(int canonical) {
    return canonical > BabyBear.P / 2 ? canonical - P : canonical;
  }
}
