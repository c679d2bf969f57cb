// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.field.BabyBear;
import dev.memtrace.poseidon2.Poseidon2;
import dev.memtrace.poseidon2.Poseidon2Vectors;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Batches of permutations and compressions on the device. */
class DevicePoseidon2Test {
  private static final long SEED = Long.getLong("memtrace.poseidon2.seed", 20_251_123L);
  private static final int STATES = Boolean.getBoolean("memtrace.sanitized") ? 20_000 : 1_000_000;
  private static final int PART = 100_000;

  private Emulator emulator;
  private CudaDevice device;
  private CudaStream stream;

  @BeforeEach
  void open() {
    emulator = Emulator.load();
    emulator.reset();
    device = CudaFixture.open();
    stream = device.openStream();
  }

  @AfterEach
  void close() {
    stream.close();
    assertThat(device.liveBytes()).isZero();
    device.close();
    CudaFixture.assertNothingLeft(emulator);
  }

  private int[] permute(int... canonical) {
    int[] words = canonical.clone();
    BabyBear.toMontgomery(words, 0, words, 0, words.length);
    try (DeviceBuffer states = CudaFixture.buffer(stream, words)) {
      DevicePoseidon2.permute(stream, states);
      words = CudaFixture.read(stream, states);
    }
    BabyBear.fromMontgomery(words, 0, words, 0, words.length);
    return words;
  }

  private int[] compress(int... canonical) {
    int[] words = canonical.clone();
    BabyBear.toMontgomery(words, 0, words, 0, words.length);
    int[] digests;
    try (DeviceBuffer pairs = CudaFixture.buffer(stream, words);
        DeviceBuffer target = stream.allocate(2L * words.length, "test")) {
      DevicePoseidon2.compress(stream, pairs, target);
      digests = CudaFixture.read(stream, target);
    }
    BabyBear.fromMontgomery(digests, 0, digests, 0, digests.length);
    return digests;
  }

  @Test
  void theVectorsOfTheSpecification() {
    int[][] permutations = Poseidon2Vectors.permutations();
    for (int i = 0; i < permutations.length; i += 2) {
      assertThat(permute(permutations[i])).isEqualTo(permutations[i + 1]);
    }
    int[][] compressions = Poseidon2Vectors.compressions();
    for (int i = 0; i < compressions.length; i += 3) {
      int[] pair = Arrays.copyOf(compressions[i], 16);
      System.arraycopy(compressions[i + 1], 0, pair, 8, 8);
      assertThat(compress(pair)).isEqualTo(compressions[i + 2]);
    }
  }

  @Test
  void randomStates() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int done = 0; done < STATES; done += PART) {
      emulator.set("order", done / PART % 3);
      int count = Math.min(PART, STATES - done);
      int[] states = new int[16 * count];
      for (int i = 0; i < states.length; i++) {
        // A tenth are the ends of the field, where corrections are due.
        int kind = random.nextInt(20);
        states[i] = kind == 0 ? 0 : kind == 1 ? BabyBear.P - 1 : random.nextInt(BabyBear.P);
      }
      int[] permuted = permute(states);
      int[] digests = compress(states);
      int[] want = new int[16 * count];
      int[] wanted = new int[8 * count];
      int[] state = new int[16];
      for (int i = 0; i < count; i++) {
        System.arraycopy(states, 16 * i, state, 0, 16);
        Poseidon2.permute(state);
        System.arraycopy(state, 0, want, 16 * i, 16);
        System.arraycopy(state, 0, wanted, 8 * i, 8);
      }
      int wrong = Arrays.mismatch(permuted, want);
      assertThat(wrong).as("seed %d, state %d", SEED, done + wrong / 16).isEqualTo(-1);
      wrong = Arrays.mismatch(digests, wanted);
      assertThat(wrong).as("seed %d, pair %d", SEED, done + wrong / 8).isEqualTo(-1);
    }
  }

  @Test
  void nothingAndTooLittleRoom() {
    assertThat(permute()).isEmpty();
    assertThat(compress()).isEmpty();
    try (DeviceBuffer pairs = stream.allocateZeroed(128, "test");
        DeviceBuffer digests = stream.allocate(60, "test")) {
      assertThatThrownBy(() -> DevicePoseidon2.compress(stream, pairs, digests))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
