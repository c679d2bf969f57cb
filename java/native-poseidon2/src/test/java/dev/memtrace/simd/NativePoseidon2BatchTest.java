// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.field.BabyBear;
import dev.memtrace.poseidon2.Poseidon2;
import dev.memtrace.poseidon2.Poseidon2Batch;
import dev.memtrace.poseidon2.Poseidon2UnavailableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every path of this processor against the portable batch and single states. */
class NativePoseidon2BatchTest {
  private static final long SEED = 20260611;
  private static final int UNTOUCHED = -7;
  private static final int[] EDGES = {
    0, 1, 2, BabyBear.P / 2, BabyBear.P / 2 + 1, 1 << 27, BabyBear.P - 2, BabyBear.P - 1
  };

  private static final Poseidon2Batch PORTABLE = Poseidon2Batch.portable();
  private static final List<NativePoseidon2Batch> BATCHES = batches();

  private static List<NativePoseidon2Batch> batches() {
    List<NativePoseidon2Batch> batches = new ArrayList<>();
    try {
      Poseidon2Library library = Poseidon2Library.load(new NativePoseidon2Provider().file());
      for (int path = Poseidon2Library.PLAIN; path <= library.bestPath(); path++) {
        batches.add(new NativePoseidon2Batch(library, path));
      }
    } catch (Poseidon2UnavailableException e) {
      // No compiler was there: NativePoseidon2ProviderTest says so.
    }
    return batches;
  }

  static List<NativePoseidon2Batch> everyPath() {
    return BATCHES;
  }

  @BeforeAll
  static void needsTheLibrary() {
    assumeTrue(!BATCHES.isEmpty(), "the library was not built");
  }

  /** Reduced words, one in four of them at an edge. */
  private static int[] inputs(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] words = new int[count * Poseidon2Batch.INPUT_WORDS];
    for (int i = 0; i < words.length; i++) {
      words[i] =
          random.nextInt(4) == 0 ? EDGES[random.nextInt(EDGES.length)] : random.nextInt(BabyBear.P);
    }
    return words;
  }

  private static int[] portable(int[] inputs) {
    int[] outputs = new int[inputs.length / 2];
    PORTABLE.compress(inputs, 0, outputs, 0, inputs.length / Poseidon2Batch.INPUT_WORDS);
    return outputs;
  }

  @ParameterizedTest
  @MethodSource("everyPath")
  void aMillionRandomItems(Poseidon2Batch batch) {
    int count = 50_000;
    for (int part = 0; part < 20; part++) {
      long seed = SEED + part;
      int[] canonical = inputs(count, seed);
      int[] scalar = new int[count * 8];
      for (int i = 0; i < count; i++) {
        Poseidon2.compress(canonical, i * 16, canonical, i * 16 + 8, scalar, i * 8);
      }
      int[] outputs = new int[count * 8];
      batch.compressCanonical(canonical, 0, outputs, 0, count);
      assertThat(Arrays.equals(outputs, scalar)).as("%s, seed %d", batch.name(), seed).isTrue();

      int[] montgomery = canonical.clone();
      BabyBear.toMontgomery(montgomery, 0, montgomery, 0, montgomery.length);
      batch.compress(montgomery, 0, outputs, 0, count);
      assertThat(Arrays.equals(outputs, portable(montgomery)))
          .as("%s, Montgomery form, seed %d", batch.name(), seed)
          .isTrue();
      BabyBear.fromMontgomery(outputs, 0, outputs, 0, outputs.length);
      assertThat(Arrays.equals(outputs, scalar)).as("%s, seed %d", batch.name(), seed).isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("everyPath")
  void hashesOfChunksAreCompressionsWithZeros(Poseidon2Batch batch) {
    int[] inputs = inputs(100, SEED);
    int[] expected = new int[100 * 8];
    for (int i = 0; i < 100; i++) {
      Arrays.fill(inputs, i * 16 + 8, i * 16 + 16, 0);
      Poseidon2.hash(inputs, i * 16, expected, i * 8);
    }
    int[] outputs = new int[100 * 8];
    batch.compressCanonical(inputs, 0, outputs, 0, 100);
    assertThat(outputs).as("%s, seed %d", batch.name(), SEED).isEqualTo(expected);
  }

  @ParameterizedTest
  @MethodSource("everyPath")
  void everyCountAtOffsets(Poseidon2Batch batch) {
    int largest = 3 * NativePoseidon2Batch.ITEMS_PER_CALL + 1;
    int[] inputs = inputs(largest, SEED);
    int[] expected = portable(inputs);
    int[] shifted = new int[inputs.length + 3];
    System.arraycopy(inputs, 0, shifted, 3, inputs.length);
    for (int count = 0; count <= largest; count += count < 100 ? 1 : 61) {
      int[] outputs = new int[5 + count * 8 + 16 * 8];
      Arrays.fill(outputs, UNTOUCHED);
      batch.compress(shifted, 3, outputs, 5, count);
      assertThat(Arrays.copyOfRange(outputs, 5, 5 + count * 8))
          .as("%s, seed %d, count %d", batch.name(), SEED, count)
          .isEqualTo(Arrays.copyOf(expected, count * 8));
      assertThat(Arrays.copyOf(outputs, 5)).containsOnly(UNTOUCHED);
      assertThat(Arrays.copyOfRange(outputs, 5 + count * 8, outputs.length))
          .containsOnly(UNTOUCHED);
    }
    assertThat(Arrays.copyOfRange(shifted, 3, shifted.length)).isEqualTo(inputs);
  }

  @ParameterizedTest
  @MethodSource("everyPath")
  void theEndsOfTheArraysAreReached(Poseidon2Batch batch) {
    int[] inputs = inputs(33, SEED);
    int[] outputs = new int[33 * 8];
    batch.compress(inputs, 32 * 16, outputs, 32 * 8, 1);
    assertThat(Arrays.copyOfRange(outputs, 32 * 8, 33 * 8))
        .isEqualTo(Arrays.copyOfRange(portable(inputs), 32 * 8, 33 * 8));
    assertThat(Arrays.copyOf(outputs, 32 * 8)).containsOnly(0);
    batch.compress(inputs, inputs.length, outputs, outputs.length, 0);
  }

  @ParameterizedTest
  @MethodSource("everyPath")
  void aWordThatIsNoElementSpoilsItsOwnItemOnly(Poseidon2Batch batch) {
    int[] inputs = inputs(64, SEED);
    int[] clean = portable(inputs);
    for (int word : new int[] {BabyBear.P, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      int[] spoiled = inputs.clone();
      Arrays.fill(spoiled, 17 * 16, 18 * 16, word);
      int[] outputs = new int[64 * 8];
      batch.compress(spoiled, 0, outputs, 0, 64);
      System.arraycopy(clean, 17 * 8, outputs, 17 * 8, 8);
      assertThat(outputs).as("%s, seed %d, word %d", batch.name(), SEED, word).isEqualTo(clean);
    }
  }

  @ParameterizedTest
  @MethodSource("everyPath")
  void refusesRangesThatDoNotFit(Poseidon2Batch batch) {
    int[] inputs = inputs(20, SEED);
    int[] outputs = new int[20 * 8];
    Arrays.fill(outputs, UNTOUCHED);
    int[][] bad = {
      {0, 0, -1}, {0, 0, 21}, {1, 0, 20}, {0, 1, 20}, {-1, 0, 1}, {0, -1, 1}, {321, 0, 0}
    };
    for (int[] call : bad) {
      assertThatThrownBy(() -> batch.compress(inputs, call[0], outputs, call[1], call[2]))
          .as(Arrays.toString(call))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> batch.compressCanonical(inputs, call[0], outputs, call[1], call[2]))
          .as(Arrays.toString(call))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> batch.compress(inputs, 0, outputs, 0, Integer.MAX_VALUE))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(outputs).containsOnly(UNTOUCHED);
  }

  @ParameterizedTest
  @MethodSource("everyPath")
  void manyThreadsWhileTheCollectorMovesTheArrays(Poseidon2Batch batch) throws Exception {
    List<Future<?>> results = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (int thread = 0; thread < 4; thread++) {
        long seed = SEED + 100 + thread;
        results.add(
            pool.submit(
                () -> {
                  for (int repeat = 0; repeat < 300; repeat++) {
                    int[] inputs = inputs(300, seed);
                    int[] outputs = new int[300 * 8];
                    batch.compress(inputs, 0, outputs, 0, 300);
                    if (repeat % 100 == 0) {
                      assertThat(outputs)
                          .as("%s, seed %d", batch.name(), seed)
                          .isEqualTo(portable(inputs));
                      System.gc();
                    }
                  }
                }));
      }
      for (Future<?> result : results) {
        result.get();
      }
    }
  }

  @Test
  void pathsAndFormsThatDoNotExistAreRefused() throws Exception {
    Poseidon2Library library = Poseidon2Library.load(new NativePoseidon2Provider().file());
    int[] words = inputs(1, SEED);
    int[] outputs = new int[8];
    assertThatThrownBy(
            () ->
                new NativePoseidon2Batch(library, library.bestPath() + 1)
                    .compress(words, 0, outputs, 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("are refused with status 1");
    assertThat(outputs).containsOnly(0);
  }
}
