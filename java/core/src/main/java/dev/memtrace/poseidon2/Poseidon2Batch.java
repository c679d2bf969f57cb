// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import dev.memtrace.field.BabyBear;
import java.util.Objects;

/**
 * Many Poseidon2 compressions at a time. Implementations are safe for use by several threads and
 * allocate nothing per item. The library's own is {@link #portable}; others are found through
 * {@link Poseidon2BatchProvider}.
 */
public interface Poseidon2Batch {
  /** Words of an input: the left and the right digest. */
  int INPUT_WORDS = 16;

  /** Words of an output: one digest. */
  int OUTPUT_WORDS = 8;

  /**
   * Returns the implementation in plain Java, which runs everywhere.
   *
   * @return the one instance
   */
  static Poseidon2Batch portable() {
    return PortablePoseidon2Batch.INSTANCE;
  }

  /**
   * Returns the fastest implementation on the class path that works here; {@link
   * Poseidon2Batches#choice} says why it is this one.
   *
   * @return the one of this process
   */
  static Poseidon2Batch best() {
    return Poseidon2Batches.choice().batch();
  }

  /**
   * Names the implementation for reports.
   *
   * @return a short name, such as {@code java-lanes}
   */
  String name();

  /**
   * Compresses items in Montgomery form. Item i reads 16 words at {@code inputOffset + 16 * i} and
   * writes 8 words at {@code outputOffset + 8 * i}.
   *
   * @param inputs the inputs, one item after the other, words in 0 .. P - 1 in Montgomery form;
   *     another word gives an undefined output of its item and nothing worse
   * @param inputOffset index of the first input word
   * @param outputs where the outputs go, one item after the other, in Montgomery form; the range
   *     written must not overlap with the range read
   * @param outputOffset index of the first output word
   * @param count number of items, 0 or more
   * @throws IndexOutOfBoundsException if the count is negative or a range does not fit its array;
   *     nothing is written then
   */
  void compress(int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count);

  /**
   * Compresses canonical items; otherwise as {@link #compress}.
   *
   * @param inputs the inputs, one item after the other, canonical words
   * @param inputOffset index of the first input word
   * @param outputs where the outputs go, one item after the other, canonical; the range written
   *     must not overlap with the range read
   * @param outputOffset index of the first output word
   * @param count number of items, 0 or more
   * @throws IndexOutOfBoundsException if the count is negative or a range does not fit its array;
   *     nothing is written then
   */
  default void compressCanonical(
      int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
    checkRanges(inputs, inputOffset, outputs, outputOffset, count);
    int block = Math.min(count, 256);
    int[] converted = new int[block * INPUT_WORDS];
    for (int done = 0; done < count; done += block) {
      int items = Math.min(block, count - done);
      int out = outputOffset + done * OUTPUT_WORDS;
      BabyBear.toMontgomery(
          inputs, inputOffset + done * INPUT_WORDS, converted, 0, items * INPUT_WORDS);
      compress(converted, 0, outputs, out, items);
      BabyBear.fromMontgomery(outputs, out, outputs, out, items * OUTPUT_WORDS);
    }
  }

  /**
   * Checks the ranges of a call of {@link #compress}, for implementations.
   *
   * @param inputs the inputs
   * @param inputOffset index of the first input word
   * @param outputs the outputs
   * @param outputOffset index of the first output word
   * @param count number of items
   * @throws IndexOutOfBoundsException if the count is negative or a range does not fit its array
   */
  static void checkRanges(
      int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
    Objects.checkFromIndexSize((long) inputOffset, (long) count * INPUT_WORDS, inputs.length);
    Objects.checkFromIndexSize((long) outputOffset, (long) count * OUTPUT_WORDS, outputs.length);
  }
}
