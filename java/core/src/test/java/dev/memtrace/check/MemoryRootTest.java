// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.air.Poseidon2Parameters;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2Constants;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Vectors of spec/poseidon2.md, section 6. */
class MemoryRootTest {
  private static int[] permuted(int[] canonical) {
    int[] state = Arrays.stream(canonical).map(BabyBear::toMontgomery).toArray();
    ScalarPermutation.permute(state);
    return Arrays.stream(state).map(BabyBear::fromMontgomery).toArray();
  }

  @Test
  void permutation() {
    assertThat(permuted(new int[16]))
        .startsWith(1168947398, 128782440, 747404447, 883925857)
        .endsWith(174996601, 1678438226, 11259290);
    assertThat(permuted(IntStream.range(0, 16).toArray()))
        .startsWith(1906786279, 1737026427, 1959749225)
        .endsWith(957311597, 304856115);
  }

  @Test
  void permutationOfTheLargestElements() {
    int[] state = new int[16];
    Arrays.fill(state, BabyBear.P - 1);
    assertThat(permuted(state)).startsWith(1233564084, 138281517).endsWith(1065643784, 679123220);
  }

  @Test
  void theParametersAreThoseOfTheBackends() {
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < 16; i++) {
        assertThat(Poseidon2Parameters.fullRoundConstant(round, i))
            .isEqualTo(Poseidon2Constants.beginningFullRounds()[round][i]);
        assertThat(Poseidon2Parameters.fullRoundConstant(4 + round, i))
            .isEqualTo(Poseidon2Constants.endingFullRounds()[round][i]);
        assertThat(Poseidon2Parameters.internalDiagonal(i))
            .isEqualTo(Poseidon2Constants.internalDiagonal()[i]);
      }
    }
    for (int round = 0; round < 13; round++) {
      assertThat(Poseidon2Parameters.partialRoundConstant(round))
          .isEqualTo(Poseidon2Constants.partialRounds()[round]);
    }
  }

  @Test
  void emptyMemory() {
    MemoryConfig config = MemoryConfig.defaults();
    try (Workers workers = new Workers(1)) {
      assertThat(MemoryRoot.of(new AddressMap(config), config, workers))
          .containsExactly(
              1164049896,
              253034003,
              841114130,
              1897258050,
              1186077553,
              309431251,
              1806896828,
              87556115);
    }
  }
}
