// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import dev.memtrace.field.BabyBear;

/**
 * The permutation of one state in Montgomery form, the state in local variables.
 *
 * <p>Values are signed {@code long} numbers that stand for their remainder modulo P. Sums are not
 * reduced; products are, to 0.97 P for factors of up to P.
 */
final class Poseidon2Scalar {
  private static final long P = BabyBear.P;

  /** {@code P^-1 mod 2^32}, as a signed word. */
  private static final int P_INVERSE = 0x88000001;

  /** {@code 2^55 / P}, rounded down. */
  private static final long P_RECIPROCAL = (1L << 55) / P;

  static final int[][] BEGINNING = montgomery(Poseidon2Constants.BEGINNING);
  static final int[] PARTIAL = montgomery(Poseidon2Constants.PARTIAL);
  static final int[][] ENDING = montgomery(Poseidon2Constants.ENDING);

  private Poseidon2Scalar() {}

  /**
   * Permutes the 16 words at {@code in[inOffset]}, in Montgomery form, and writes the first 8 or
   * all 16 of the result to {@code out[outOffset]}, which may be the same place.
   */
  static void permute(int[] in, int inOffset, int[] out, int outOffset, int outCount) {
    long s0 = in[inOffset];
    long s1 = in[inOffset + 1];
    long s2 = in[inOffset + 2];
    long s3 = in[inOffset + 3];
    long s4 = in[inOffset + 4];
    long s5 = in[inOffset + 5];
    long s6 = in[inOffset + 6];
    long s7 = in[inOffset + 7];
    long s8 = in[inOffset + 8];
    long s9 = in[inOffset + 9];
    long s10 = in[inOffset + 10];
    long s11 = in[inOffset + 11];
    long s12 = in[inOffset + 12];
    long s13 = in[inOffset + 13];
    long s14 = in[inOffset + 14];
    long s15 = in[inOffset + 15];
    // Sums of the external layer: at most 35 P.
    long a;
    long b;
    long c;
    long d;
    long e;
    a = s0 + s1;
    b = s2 + s3;
    c = a + b;
    d = c + s1;
    e = c + s3;
    s1 = d + 2 * s2;
    s3 = e + 2 * s0;
    s0 = d + a;
    s2 = e + b;
    a = s4 + s5;
    b = s6 + s7;
    c = a + b;
    d = c + s5;
    e = c + s7;
    s5 = d + 2 * s6;
    s7 = e + 2 * s4;
    s4 = d + a;
    s6 = e + b;
    a = s8 + s9;
    b = s10 + s11;
    c = a + b;
    d = c + s9;
    e = c + s11;
    s9 = d + 2 * s10;
    s11 = e + 2 * s8;
    s8 = d + a;
    s10 = e + b;
    a = s12 + s13;
    b = s14 + s15;
    c = a + b;
    d = c + s13;
    e = c + s15;
    s13 = d + 2 * s14;
    s15 = e + 2 * s12;
    s12 = d + a;
    s14 = e + b;
    a = s0 + s4 + s8 + s12;
    b = s1 + s5 + s9 + s13;
    c = s2 + s6 + s10 + s14;
    d = s3 + s7 + s11 + s15;
    s0 += a;
    s1 += b;
    s2 += c;
    s3 += d;
    s4 += a;
    s5 += b;
    s6 += c;
    s7 += d;
    s8 += a;
    s9 += b;
    s10 += c;
    s11 += d;
    s12 += a;
    s13 += b;
    s14 += c;
    s15 += d;
    for (int[] k : BEGINNING) {
      s0 = power7(s0 + k[0]);
      s1 = power7(s1 + k[1]);
      s2 = power7(s2 + k[2]);
      s3 = power7(s3 + k[3]);
      s4 = power7(s4 + k[4]);
      s5 = power7(s5 + k[5]);
      s6 = power7(s6 + k[6]);
      s7 = power7(s7 + k[7]);
      s8 = power7(s8 + k[8]);
      s9 = power7(s9 + k[9]);
      s10 = power7(s10 + k[10]);
      s11 = power7(s11 + k[11]);
      s12 = power7(s12 + k[12]);
      s13 = power7(s13 + k[13]);
      s14 = power7(s14 + k[14]);
      s15 = power7(s15 + k[15]);
      a = s0 + s1;
      b = s2 + s3;
      c = a + b;
      d = c + s1;
      e = c + s3;
      s1 = d + 2 * s2;
      s3 = e + 2 * s0;
      s0 = d + a;
      s2 = e + b;
      a = s4 + s5;
      b = s6 + s7;
      c = a + b;
      d = c + s5;
      e = c + s7;
      s5 = d + 2 * s6;
      s7 = e + 2 * s4;
      s4 = d + a;
      s6 = e + b;
      a = s8 + s9;
      b = s10 + s11;
      c = a + b;
      d = c + s9;
      e = c + s11;
      s9 = d + 2 * s10;
      s11 = e + 2 * s8;
      s8 = d + a;
      s10 = e + b;
      a = s12 + s13;
      b = s14 + s15;
      c = a + b;
      d = c + s13;
      e = c + s15;
      s13 = d + 2 * s14;
      s15 = e + 2 * s12;
      s12 = d + a;
      s14 = e + b;
      a = s0 + s4 + s8 + s12;
      b = s1 + s5 + s9 + s13;
      c = s2 + s6 + s10 + s14;
      d = s3 + s7 + s11 + s15;
      s0 += a;
      s1 += b;
      s2 += c;
      s3 += d;
      s4 += a;
      s5 += b;
      s6 += c;
      s7 += d;
      s8 += a;
      s9 += b;
      s10 += c;
      s11 += d;
      s12 += a;
      s13 += b;
      s14 += c;
      s15 += d;
    }
    // Elements are at most 35 P before the first round and 3 P after each one: their sum is at most
    // 560 P, and the sum plus four times an element 141 P.
    for (int k : PARTIAL) {
      s0 = power7(s0 + k);
      long sum =
          reduce(
              s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11 + s12 + s13 + s14 + s15);
      s0 = sum - 2 * s0;
      s1 = reduce(sum + s1);
      s2 = reduce(sum + 2 * s2);
      s3 = sum + divide(s3, 1);
      s4 = reduce(sum + 3 * s4);
      s5 = reduce(sum + 4 * s5);
      s6 = sum - divide(s6, 1);
      s7 = reduce(sum - 3 * s7);
      s8 = reduce(sum - 4 * s8);
      s9 = sum + divide(s9, 8);
      s10 = sum + divide(s10, 2);
      s11 = sum + divide(s11, 3);
      s12 = reduce(sum - 15 * s12);
      s13 = sum - divide(s13, 8);
      s14 = sum - divide(s14, 4);
      s15 = reduce(sum + 15 * s15);
    }
    for (int[] k : ENDING) {
      s0 = power7(s0 + k[0]);
      s1 = power7(s1 + k[1]);
      s2 = power7(s2 + k[2]);
      s3 = power7(s3 + k[3]);
      s4 = power7(s4 + k[4]);
      s5 = power7(s5 + k[5]);
      s6 = power7(s6 + k[6]);
      s7 = power7(s7 + k[7]);
      s8 = power7(s8 + k[8]);
      s9 = power7(s9 + k[9]);
      s10 = power7(s10 + k[10]);
      s11 = power7(s11 + k[11]);
      s12 = power7(s12 + k[12]);
      s13 = power7(s13 + k[13]);
      s14 = power7(s14 + k[14]);
      s15 = power7(s15 + k[15]);
      a = s0 + s1;
      b = s2 + s3;
      c = a + b;
      d = c + s1;
      e = c + s3;
      s1 = d + 2 * s2;
      s3 = e + 2 * s0;
      s0 = d + a;
      s2 = e + b;
      a = s4 + s5;
      b = s6 + s7;
      c = a + b;
      d = c + s5;
      e = c + s7;
      s5 = d + 2 * s6;
      s7 = e + 2 * s4;
      s4 = d + a;
      s6 = e + b;
      a = s8 + s9;
      b = s10 + s11;
      c = a + b;
      d = c + s9;
      e = c + s11;
      s9 = d + 2 * s10;
      s11 = e + 2 * s8;
      s8 = d + a;
      s10 = e + b;
      a = s12 + s13;
      b = s14 + s15;
      c = a + b;
      d = c + s13;
      e = c + s15;
      s13 = d + 2 * s14;
      s15 = e + 2 * s12;
      s12 = d + a;
      s14 = e + b;
      a = s0 + s4 + s8 + s12;
      b = s1 + s5 + s9 + s13;
      c = s2 + s6 + s10 + s14;
      d = s3 + s7 + s11 + s15;
      s0 += a;
      s1 += b;
      s2 += c;
      s3 += d;
      s4 += a;
      s5 += b;
      s6 += c;
      s7 += d;
      s8 += a;
      s9 += b;
      s10 += c;
      s11 += d;
      s12 += a;
      s13 += b;
      s14 += c;
      s15 += d;
    }
    out[outOffset] = canonical(s0);
    out[outOffset + 1] = canonical(s1);
    out[outOffset + 2] = canonical(s2);
    out[outOffset + 3] = canonical(s3);
    out[outOffset + 4] = canonical(s4);
    out[outOffset + 5] = canonical(s5);
    out[outOffset + 6] = canonical(s6);
    out[outOffset + 7] = canonical(s7);
    if (outCount == 16) {
      out[outOffset + 8] = canonical(s8);
      out[outOffset + 9] = canonical(s9);
      out[outOffset + 10] = canonical(s10);
      out[outOffset + 11] = canonical(s11);
      out[outOffset + 12] = canonical(s12);
      out[outOffset + 13] = canonical(s13);
      out[outOffset + 14] = canonical(s14);
      out[outOffset + 15] = canonical(s15);
    }
  }

  private static long power7(long sum) {
    long x = reduce(sum);
    long x2 = multiply(x, x);
    long x3 = multiply(x2, x);
    long x4 = multiply(x2, x2);
    return multiply(x3, x4);
  }

  /** {@code a * b / 2^32 mod P} for |a * b| up to P^2; at most |a * b| / 2^32 + P / 2. */
  static long multiply(long a, long b) {
    long product = a * b;
    int quotient = (int) product * P_INVERSE;
    return (product - quotient * P) >> 32;
  }

  /** {@code a / 2^n mod P} for n of 1 to 8: with low digits l, -l / 2^n is l * (P - 1) / 2^n. */
  private static long divide(long a, int n) {
    return (a >> n) - (a & ((1L << n) - 1)) * ((P - 1) >> n);
  }

  /**
   * A remainder of a value of magnitude up to 2^10 P. The quotient is rounded down after an error
   * below 2^-13 towards 0: the result lies between 0 and P + 2^-13 P for a positive value, and
   * reaches down to -2^-13 P for a negative one.
   */
  static long reduce(long a) {
    return a - (((a >> 10) * P_RECIPROCAL) >> 45) * P;
  }

  /** The representative in 0 .. P - 1 of a value of at least -P and below P, such as a product. */
  static int wrap(long a) {
    int value = (int) a;
    return value + (BabyBear.P & (value >> 31));
  }

  /** The representative in 0 .. P - 1 of a value of magnitude up to 64 P. */
  static int canonical(long a) {
    return wrap(reduce(a + 64 * P) - P);
  }

  static int[][] montgomery(int[][] rows) {
    int[][] converted = new int[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      converted[i] = montgomery(rows[i]);
    }
    return converted;
  }

  static int[] montgomery(int[] values) {
    int[] converted = new int[values.length];
    BabyBear.toMontgomery(values, 0, converted, 0, values.length);
    return converted;
  }
}
