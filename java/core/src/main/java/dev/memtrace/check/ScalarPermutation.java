// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.Poseidon2Parameters;
import dev.memtrace.field.BabyBear;

/** Poseidon2, one state at a time, as the AIR's parameters say. */
final class ScalarPermutation {
  private static final int WIDTH = Poseidon2Parameters.WIDTH;
  private static final int GROUP = Poseidon2Parameters.GROUP;
  private static final int FULL_ROUNDS = 2 * Poseidon2Parameters.HALF_FULL_ROUNDS;
  private static final int[] FULL = new int[FULL_ROUNDS * WIDTH];
  private static final int[] PARTIAL = new int[Poseidon2Parameters.PARTIAL_ROUNDS];
  private static final int[] DIAGONAL = new int[WIDTH];
  private static final long[] EXTERNAL = new long[GROUP * GROUP];

  static {
    for (int i = 0; i < FULL.length; i++) {
      FULL[i] = BabyBear.toMontgomery(Poseidon2Parameters.fullRoundConstant(i / WIDTH, i % WIDTH));
    }
    for (int i = 0; i < PARTIAL.length; i++) {
      PARTIAL[i] = BabyBear.toMontgomery(Poseidon2Parameters.partialRoundConstant(i));
    }
    for (int i = 0; i < EXTERNAL.length; i++) {
      EXTERNAL[i] = Poseidon2Parameters.externalMatrix(i / GROUP, i % GROUP);
    }
    for (int i = 0; i < WIDTH; i++) {
      DIAGONAL[i] = BabyBear.toMontgomery(Poseidon2Parameters.internalDiagonal(i));
    }
  }

  private ScalarPermutation() {}

  /** Permutes a state in Montgomery form. */
  static void permute(int[] state) {
    external(state);
    for (int round = 0; round < FULL_ROUNDS / 2; round++) {
      fullRound(state, round);
    }
    for (int constant : PARTIAL) {
      state[0] = power7(BabyBear.add(state[0], constant));
      internal(state);
    }
    for (int round = FULL_ROUNDS / 2; round < FULL_ROUNDS; round++) {
      fullRound(state, round);
    }
  }

  private static void fullRound(int[] state, int round) {
    for (int i = 0; i < WIDTH; i++) {
      state[i] = power7(BabyBear.add(state[i], FULL[round * WIDTH + i]));
    }
    external(state);
  }

  private static int power7(int x) {
    int square = BabyBear.montgomeryMultiply(x, x);
    int cube = BabyBear.montgomeryMultiply(square, x);
    return BabyBear.montgomeryMultiply(BabyBear.montgomeryMultiply(cube, cube), x);
  }

  private static void internal(int[] state) {
    long sum = 0;
    for (int element : state) {
      sum += element;
    }
    int reduced = (int) (sum % BabyBear.P);
    for (int i = 0; i < WIDTH; i++) {
      state[i] = BabyBear.add(reduced, BabyBear.montgomeryMultiply(DIAGONAL[i], state[i]));
    }
  }

  private static void external(int[] state) {
    long[] mixed = new long[WIDTH];
    long[] sums = new long[GROUP];
    for (int first = 0; first < WIDTH; first += GROUP) {
      for (int i = 0; i < GROUP; i++) {
        long sum = 0;
        for (int j = 0; j < GROUP; j++) {
          sum += EXTERNAL[i * GROUP + j] * state[first + j];
        }
        mixed[first + i] = sum;
        sums[i] += sum;
      }
    }
    for (int i = 0; i < WIDTH; i++) {
      state[i] = (int) ((mixed[i] + sums[i % GROUP]) % BabyBear.P);
    }
  }
}
