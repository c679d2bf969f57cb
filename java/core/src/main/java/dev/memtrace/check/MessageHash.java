// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.field.BabyBear;
import java.util.function.LongSupplier;

/**
 * Maps messages to four elements of the field each, by secret keys. Sums of multiplicity times
 * element are 0 for balanced messages, and for others with a probability below 2^-120.
 *
 * <p>Every element comes from two sums, mod 2^64, of the message's elements times keys and a key
 * for the length. Two messages share both sums with a probability of at most 2^-68: their elements
 * are below 2^31, so that a difference has at most 30 factors of 2 and leaves each sum 34 unknown
 * bits. The sums are linear, and multisets with equal totals would cancel; so a mix of
 * multiplications and shifts, which keeps no linear relation, makes the element of the two. It lies
 * in 0 .. p - 1, and no value has more than 3 / 2^32 of all. The four elements have keys of their
 * own: (3 / 2^32)^4 is 2^-121.6.
 */
final class MessageHash {
  /** Elements that a message is mapped to. */
  static final int ELEMENTS = 4;

  private static final int SUMS = 2 * ELEMENTS;

  private final long[][] keys;
  private final long[][] lengthKeys;
  private final int maxLength;

  /**
   * Draws keys.
   *
   * @param maxLength elements of the longest message
   * @param random gives the keys
   */
  MessageHash(int maxLength, LongSupplier random) {
    this.maxLength = maxLength;
    keys = new long[SUMS][maxLength];
    lengthKeys = new long[SUMS][maxLength + 1];
    for (int sum = 0; sum < SUMS; sum++) {
      for (int i = 0; i < maxLength; i++) {
        keys[sum][i] = random.getAsLong();
      }
      for (int i = 0; i <= maxLength; i++) {
        lengthKeys[sum][i] = random.getAsLong();
      }
    }
  }

  /** Working memory of one thread. */
  static final class Scratch {
    private final long[] first = new long[Evaluator.BLOCK];
    private final long[] second = new long[Evaluator.BLOCK];
  }

  /**
   * Computes one element, in bits 32 to 63 of a mixed word, for every row of a block.
   *
   * @param element 0 to 3
   * @param message the messages, an array for each of their elements
   * @param n rows
   * @param scratch working memory
   * @param mixed receives the mixed words; {@link #toField} makes elements of them
   */
  void mix(int element, int[][] message, int n, Scratch scratch, long[] mixed) {
    if (message.length > maxLength) {
      throw new IllegalStateException(message.length + " elements, keys for " + maxLength);
    }
    sum(2 * element, message, n, scratch.first);
    sum(2 * element + 1, message, n, scratch.second);
    mix(scratch.first, scratch.second, mixed, n);
  }

  private void sum(int sum, int[][] message, int n, long[] target) {
    long start = lengthKeys[sum][message.length];
    for (int i = 0; i < n; i++) {
      target[i] = start;
    }
    for (int j = 0; j < message.length; j++) {
      addProducts(keys[sum][j], message[j], target, n);
    }
  }

  private static void addProducts(long key, int[] values, long[] target, int n) {
    for (int i = 0; i < n; i++) {
      target[i] += key * values[i];
    }
  }

  private static void mix(long[] first, long[] second, long[] target, int n) {
    for (int i = 0; i < n; i++) {
      long z = (first[i] ^ (first[i] >>> 32)) * 0xD6E8FEB86659FD93L;
      z = (z ^ (z >>> 29) ^ second[i]) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 32)) * 0x94D049BB133111EBL;
      z = (z ^ (z >>> 29)) * 0xD6E8FEB86659FD93L;
      target[i] = z ^ (z >>> 32);
    }
  }

  /** Makes a field element of a mixed word. */
  static long toField(long mixed) {
    return ((mixed >>> 32) * BabyBear.P) >>> 32;
  }
}
