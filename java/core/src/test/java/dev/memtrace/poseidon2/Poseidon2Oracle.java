// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import java.math.BigInteger;
import java.util.Random;

/** The permutation as the specification writes it: full matrices, remainders, no tricks. */
final class Poseidon2Oracle {
  static final long P = 2013265921L;

  private static final int[][] M4 = {{2, 3, 1, 1}, {1, 2, 3, 1}, {1, 1, 2, 3}, {3, 1, 1, 2}};

  /** Numerators and the binary logarithms of the denominators of the diagonal. */
  private static final int[][] DIAGONAL = {
    {-2, 0}, {1, 0}, {2, 0}, {1, 1}, {3, 0}, {4, 0}, {-1, 1}, {-3, 0},
    {-4, 0}, {1, 8}, {1, 2}, {1, 3}, {1, 27}, {-1, 8}, {-1, 4}, {-1, 27}
  };

  private Poseidon2Oracle() {}

  static int[] permute(int[] input) {
    long[] s = new long[16];
    for (int i = 0; i < 16; i++) {
      s[i] = input[i];
    }
    s = external(s);
    for (int[] constants : Poseidon2Constants.beginningFullRounds()) {
      s = external(fullPower(s, constants));
    }
    for (int constant : Poseidon2Constants.partialRounds()) {
      s[0] = power(s[0] + constant, 7);
      s = internal(s);
    }
    for (int[] constants : Poseidon2Constants.endingFullRounds()) {
      s = external(fullPower(s, constants));
    }
    int[] output = new int[16];
    for (int i = 0; i < 16; i++) {
      output[i] = (int) s[i];
    }
    return output;
  }

  static long[] external(long[] s) {
    long[] t = new long[16];
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 16; column++) {
        long block = row / 4 == column / 4 ? 2 : 1;
        t[row] = (t[row] + block * M4[row % 4][column % 4] * s[column]) % P;
      }
    }
    return t;
  }

  static long[] internal(long[] s) {
    long[] t = new long[16];
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 16; column++) {
        long entry = row == column ? 1 + diagonal(row) : 1;
        t[row] = (t[row] + entry * s[column]) % P;
      }
    }
    return t;
  }

  static int diagonal(int i) {
    BigInteger p = BigInteger.valueOf(P);
    return BigInteger.TWO
        .pow(DIAGONAL[i][1])
        .modInverse(p)
        .multiply(BigInteger.valueOf(DIAGONAL[i][0]))
        .mod(p)
        .intValueExact();
  }

  static long power(long x, int exponent) {
    long result = 1;
    for (int i = 0; i < exponent; i++) {
      result = result * (x % P) % P;
    }
    return result;
  }

  /** A state of canonical elements, one in four of them 0, 1, P - 1 or P / 2. */
  static int[] state(Random random) {
    int[] edges = {0, 1, (int) P - 1, (int) P / 2};
    int[] s = new int[16];
    for (int i = 0; i < 16; i++) {
      s[i] = random.nextInt(4) == 0 ? edges[random.nextInt(4)] : random.nextInt((int) P);
    }
    return s;
  }

  private static long[] fullPower(long[] s, int[] constants) {
    long[] t = new long[16];
    for (int i = 0; i < 16; i++) {
      t[i] = power(s[i] + constants[i], 7);
    }
    return t;
  }
}
