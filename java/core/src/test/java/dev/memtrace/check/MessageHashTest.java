// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.field.BabyBear;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Sums of hashes show no structure of the messages. The probability of 2^-30 of one element cannot
 * be seen, so the tests look at the sums' upper bits.
 */
class MessageHashTest {
  private static final long SEED = Long.getLong("memtrace.check.seed", 11);
  private static final long P = BabyBear.P;
  private static final int LENGTH = 7;

  private static long element(MessageHash hash, int element, int... message) {
    int[][] columns = new int[message.length][Evaluator.BLOCK];
    for (int i = 0; i < message.length; i++) {
      columns[i][0] = message[i];
    }
    long[] mixed = new long[Evaluator.BLOCK];
    hash.mix(element, columns, 1, new MessageHash.Scratch(), mixed);
    return MessageHash.toField(mixed[0]);
  }

  /** The alternating sum over the corners of a cube, which every polynomial of low degree has 0. */
  private static long cube(MessageHash hash, int element, int[] base, int[][] edges) {
    long sum = 0;
    for (int corner = 0; corner < 1 << edges.length; corner++) {
      int[] message = base.clone();
      for (int e = 0; e < edges.length; e++) {
        for (int i = 0; (corner >> e & 1) == 1 && i < LENGTH; i++) {
          message[i] = (int) ((message[i] + (long) edges[e][i]) % P);
        }
      }
      long sign = Integer.bitCount(corner) % 2 == 0 ? 1 : P - 1;
      sum = (sum + sign * element(hash, element, message)) % P;
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void multisetsWithEqualTotalsHaveDifferentSums(int dimensions) {
    Random random = new Random(SEED);
    int rounds = 3000;
    int buckets = 16;
    int[] count = new int[buckets];
    for (int round = 0; round < rounds; round++) {
      MessageHash hash = new MessageHash(LENGTH, random::nextLong);
      int[] base = random.ints(LENGTH, 0, BabyBear.P / 32).toArray();
      int[][] edges = new int[dimensions][LENGTH];
      for (int[] edge : edges) {
        // Small steps and the largest power of two alike: rows that differ by a timestamp or a
        // cell.
        edge[random.nextInt(LENGTH)] = random.nextBoolean() ? 1 : 1 << random.nextInt(26);
      }
      long sum = cube(hash, random.nextInt(4), base, edges);
      boolean degenerate = distinct(edges) < dimensions;
      if (!degenerate) {
        assertThat(sum).as("seed %d round %d", SEED, round).isNotZero();
      }
      count[(int) (sum * buckets / P)]++;
    }
    for (int bucket = 0; bucket < buckets; bucket++) {
      assertThat(count[bucket])
          .as("seed %d: %s", SEED, Arrays.toString(count))
          .isBetween(rounds / buckets - 90, rounds / buckets + 90);
    }
  }

  private static int distinct(int[][] edges) {
    return (int) Arrays.stream(edges).map(Arrays::toString).distinct().count();
  }

  @Test
  void lengthElementsAndKeysMatter() {
    Random random = new Random(SEED);
    MessageHash hash = new MessageHash(LENGTH, random::nextLong);
    MessageHash other = new MessageHash(LENGTH, random::nextLong);
    long[] elements = new long[4];
    for (int i = 0; i < 4; i++) {
      elements[i] = element(hash, i, 1, 2, 3);
      assertThat(elements[i]).isBetween(0L, P - 1).isEqualTo(element(hash, i, 1, 2, 3));
      assertThat(element(hash, i, 1, 2, 3, 0)).isNotEqualTo(elements[i]);
      assertThat(element(hash, i, 2, 1, 3)).isNotEqualTo(elements[i]);
      assertThat(element(other, i, 1, 2, 3)).isNotEqualTo(elements[i]);
    }
    assertThat(Arrays.stream(elements).distinct().count()).isEqualTo(4);
  }

  @Test
  void theLargestMixedWordIsBelowP() {
    assertThat(MessageHash.toField(-1)).isEqualTo(P - 1);
    assertThat(MessageHash.toField(0)).isZero();
  }
}
