// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.field.BabyBear;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Poseidon2BatchTest {
  private static final long SEED = 20260402;
  private static final int UNTOUCHED = -7;

  private static Poseidon2Batch batch(boolean groups) {
    return new PortablePoseidon2Batch(groups);
  }

  private static int[] inputs(int count, long seed) {
    Random random = new Random(seed);
    int[] inputs = new int[count * 16];
    for (int i = 0; i < count; i++) {
      System.arraycopy(Poseidon2Oracle.state(random), 0, inputs, i * 16, 16);
    }
    return inputs;
  }

  private static int[] expected(int[] inputs) {
    int[] outputs = new int[inputs.length / 2];
    for (int i = 0; i < inputs.length / 16; i++) {
      int[] state = Arrays.copyOfRange(inputs, i * 16, i * 16 + 16);
      System.arraycopy(Poseidon2Oracle.permute(state), 0, outputs, i * 8, 8);
    }
    return outputs;
  }

  @Test
  void namesTellTheWayTaken() {
    assertThat(batch(true).name()).isEqualTo("java-lanes");
    assertThat(batch(false).name()).isEqualTo("java-scalar");
    assertThat(Poseidon2Batch.portable().name()).startsWith("java-");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyCountAtOffsets(boolean groups) {
    int[] canonical = inputs(200, SEED);
    int[] expected = expected(canonical);
    BabyBear.toMontgomery(expected, 0, expected, 0, expected.length);
    int[] montgomery = new int[canonical.length + 3];
    BabyBear.toMontgomery(canonical, 0, montgomery, 3, canonical.length);
    for (int count = 0; count <= 200; count++) {
      int[] outputs = new int[5 + count * 8 + 64 * 8];
      Arrays.fill(outputs, UNTOUCHED);
      batch(groups).compress(montgomery, 3, outputs, 5, count);
      assertThat(Arrays.copyOfRange(outputs, 5, 5 + count * 8))
          .as("seed %d, count %d", SEED, count)
          .isEqualTo(Arrays.copyOf(expected, count * 8));
      assertThat(Arrays.copyOf(outputs, 5)).containsOnly(UNTOUCHED);
      assertThat(Arrays.copyOfRange(outputs, 5 + count * 8, outputs.length))
          .containsOnly(UNTOUCHED);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void manyRandomStates(boolean groups) {
    int[] inputs = inputs(5_000, SEED + 1);
    int[] outputs = new int[inputs.length / 2];
    batch(groups).compressCanonical(inputs, 0, outputs, 0, 5_000);
    assertThat(outputs).as("seed %d", SEED + 1).isEqualTo(expected(inputs));
  }

  @Test
  void canonicalAtOffsetsLeavesTheInputsAlone() {
    int[] inputs = inputs(300, SEED + 2);
    int[] shifted = new int[inputs.length + 1];
    System.arraycopy(inputs, 0, shifted, 1, inputs.length);
    int[] outputs = new int[300 * 8 + 2];
    Poseidon2Batch.portable().compressCanonical(shifted, 1, outputs, 1, 300);
    assertThat(Arrays.copyOfRange(outputs, 1, 1 + 300 * 8))
        .as("seed %d", SEED + 2)
        .isEqualTo(expected(inputs));
    assertThat(outputs[0]).isZero();
    assertThat(outputs[300 * 8 + 1]).isZero();
    assertThat(Arrays.copyOfRange(shifted, 1, shifted.length)).isEqualTo(inputs);
  }

  @Test
  void statesOfOneValue() {
    int[] values = {0, 1, 2, BabyBear.P / 2, BabyBear.P / 2 + 1, BabyBear.P - 2, BabyBear.P - 1};
    int[] inputs = new int[64 * 16];
    for (int i = 0; i < 64; i++) {
      Arrays.fill(inputs, i * 16, i * 16 + 16, values[i % values.length]);
    }
    int[] montgomeryOfRaw = new int[64 * 8];
    batch(true).compress(inputs, 0, montgomeryOfRaw, 0, 64);
    int[] canonical = inputs.clone();
    BabyBear.fromMontgomery(canonical, 0, canonical, 0, canonical.length);
    int[] expected = expected(canonical);
    BabyBear.toMontgomery(expected, 0, expected, 0, expected.length);
    assertThat(montgomeryOfRaw).isEqualTo(expected);
  }

  @Test
  void aWordThatIsNoElementSpoilsItsOwnItemOnly() {
    int[] inputs = inputs(64, SEED + 3);
    int[] clean = new int[64 * 8];
    batch(true).compress(inputs, 0, clean, 0, 64);
    for (int word : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      int[] spoiled = inputs.clone();
      Arrays.fill(spoiled, 17 * 16, 18 * 16, word);
      int[] outputs = new int[64 * 8];
      batch(true).compress(spoiled, 0, outputs, 0, 64);
      System.arraycopy(clean, 17 * 8, outputs, 17 * 8, 8);
      assertThat(outputs).as("seed %d, word %d", SEED + 3, word).isEqualTo(clean);
    }
  }

  @Test
  void refusesRangesThatDoNotFit() {
    Poseidon2Batch batch = Poseidon2Batch.portable();
    int[] inputs = inputs(20, SEED + 4);
    int[] outputs = new int[20 * 8];
    Arrays.fill(outputs, UNTOUCHED);
    int[][] bad = {{0, 0, -1}, {0, 0, 21}, {1, 0, 20}, {0, 1, 20}, {-1, 0, 1}, {0, -1, 1}};
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

  @Test
  void manyThreadsAtOnce() throws Exception {
    int threads = 8;
    Poseidon2Batch batch = batch(true);
    List<Future<?>> results = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int thread = 0; thread < threads; thread++) {
        long seed = SEED + 100 + thread;
        int[] inputs = inputs(150, seed);
        int[] expected = expected(inputs);
        results.add(
            pool.submit(
                () -> {
                  int[] outputs = new int[expected.length];
                  for (int repeat = 0; repeat < 100; repeat++) {
                    Arrays.fill(outputs, UNTOUCHED);
                    batch.compressCanonical(inputs, 0, outputs, 0, 150);
                    assertThat(outputs).as("seed %d", seed).isEqualTo(expected);
                  }
                }));
      }
      for (Future<?> result : results) {
        result.get();
      }
    }
  }
}
