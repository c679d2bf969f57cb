// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Poseidon2Test {
  private static final long SEED = 20260401;

  @Test
  void diagonalIsTheOneOfTheSpecification() {
    int[] diagonal = Poseidon2Constants.internalDiagonal();
    for (int i = 0; i < 16; i++) {
      assertThat(diagonal[i]).as("entry %d", i).isEqualTo(Poseidon2Oracle.diagonal(i));
    }
  }

  @Test
  void constantsAreCopies() {
    Poseidon2Constants.beginningFullRounds()[0][0] = 0;
    Poseidon2Constants.endingFullRounds()[0][0] = 0;
    Poseidon2Constants.partialRounds()[0] = 0;
    Poseidon2Constants.internalDiagonal()[0] = 0;
    assertThat(Poseidon2Constants.beginningFullRounds()[0][0]).isEqualTo(1774958255);
    assertThat(Poseidon2Constants.endingFullRounds()[0][0]).isEqualTo(1922082829);
    assertThat(Poseidon2Constants.partialRounds()[0]).isEqualTo(1518359488);
    assertThat(Poseidon2Constants.internalDiagonal()[0]).isEqualTo(2013265919);
  }

  @Test
  void permutationVectors() {
    int[][] vectors = Poseidon2Vectors.PERMUTATION;
    for (int i = 0; i < vectors.length; i += 2) {
      int[] state = vectors[i].clone();
      Poseidon2.permute(state);
      assertThat(state).isEqualTo(vectors[i + 1]);
      assertThat(Poseidon2Oracle.permute(vectors[i])).isEqualTo(vectors[i + 1]);
    }
  }

  @Test
  void compressVectors() {
    int[][] vectors = Poseidon2Vectors.COMPRESS;
    for (int i = 0; i < vectors.length; i += 3) {
      assertThat(Poseidon2.compress(vectors[i], vectors[i + 1])).isEqualTo(vectors[i + 2]);
    }
  }

  @Test
  void hashVectors() {
    int[][] vectors = Poseidon2Vectors.HASH;
    for (int i = 0; i < vectors.length; i += 2) {
      assertThat(Poseidon2.hash(vectors[i])).isEqualTo(vectors[i + 1]);
    }
  }

  @Test
  void permutationEqualsTheOracle() {
    Random random = new Random(SEED);
    for (int n = 0; n < 3_000; n++) {
      int[] input = Poseidon2Oracle.state(random);
      int[] state = input.clone();
      Poseidon2.permute(state);
      assertThat(state)
          .as("seed %d, state %d: %s", SEED, n, Arrays.toString(input))
          .isEqualTo(Poseidon2Oracle.permute(input));
    }
  }

  @Test
  void offsetsAndOverlap() {
    Random random = new Random(SEED);
    int[] input = Poseidon2Oracle.state(random);
    int[] expected = Arrays.copyOf(Poseidon2Oracle.permute(input), 8);

    int[] words = new int[20];
    System.arraycopy(input, 0, words, 2, 16);
    Poseidon2.compress(words, 2, words, 10, words, 6);
    assertThat(Arrays.copyOfRange(words, 6, 14)).as("seed %d", SEED).isEqualTo(expected);
    assertThat(Arrays.copyOfRange(words, 2, 6)).isEqualTo(Arrays.copyOf(input, 4));
    assertThat(Arrays.copyOfRange(words, 14, 18)).isEqualTo(Arrays.copyOfRange(input, 12, 16));

    int[] chunk = new int[12];
    System.arraycopy(input, 0, chunk, 1, 8);
    Poseidon2.hash(chunk, 1, chunk, 4);
    int[] padded = Arrays.copyOf(Arrays.copyOf(input, 8), 16);
    assertThat(Arrays.copyOfRange(chunk, 4, 12))
        .isEqualTo(Arrays.copyOf(Poseidon2Oracle.permute(padded), 8));
  }

  @Test
  void refusesWrongSizes() {
    int[] eight = new int[8];
    int[] nine = new int[9];
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Poseidon2.permute(eight))
        .withMessageContaining("8 elements; must be 16");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Poseidon2.hash(nine))
        .withMessageContaining("9 elements; must be 8");
    assertThatIllegalArgumentException().isThrownBy(() -> Poseidon2.compress(eight, nine));
    assertThatIllegalArgumentException().isThrownBy(() -> Poseidon2.compress(nine, eight));
    assertThatThrownBy(() -> Poseidon2.compress(eight, 1, eight, 0, eight, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Poseidon2.compress(eight, 0, eight, -1, eight, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Poseidon2.hash(eight, 0, nine, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void zeroSubtrees() {
    int[][] vectors = Poseidon2Vectors.ZERO_SUBTREE;
    for (int height = 0; height < vectors.length; height++) {
      assertThat(Poseidon2.zeroSubtree(height)).as("height %d", height).isEqualTo(vectors[height]);
    }
    int[] root = Poseidon2.zeroSubtree(0);
    for (int height = 1; height <= Poseidon2.MAX_ZERO_HEIGHT; height++) {
      int[] input = Arrays.copyOf(root, 16);
      System.arraycopy(root, 0, input, 8, 8);
      root = Arrays.copyOf(Poseidon2Oracle.permute(input), 8);
      assertThat(Poseidon2.zeroSubtree(height)).as("height %d", height).isEqualTo(root);
    }
  }

  @Test
  void zeroSubtreeGivesCopiesAndChecksTheHeight() {
    Poseidon2.zeroSubtree(3)[0] = 5;
    int[] out = new int[10];
    Poseidon2.zeroSubtree(3, out, 1);
    assertThat(Arrays.copyOfRange(out, 1, 9)).isEqualTo(Poseidon2Vectors.ZERO_SUBTREE[3]);
    assertThat(out[0]).isZero();
    assertThat(out[9]).isZero();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Poseidon2.zeroSubtree(61))
        .withMessageContaining("61; must be 0 to 60");
    assertThatIllegalArgumentException().isThrownBy(() -> Poseidon2.zeroSubtree(-1));
    assertThatThrownBy(() -> Poseidon2.zeroSubtree(0, out, 3))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
