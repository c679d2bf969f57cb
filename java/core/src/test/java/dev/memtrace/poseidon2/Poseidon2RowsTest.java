// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import static dev.memtrace.poseidon2.Poseidon2Oracle.P;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Poseidon2RowsTest {
  private static final long SEED = 20260403;
  private static final int UNTOUCHED = -7;

  @Test
  void widths() {
    assertThat(Poseidon2Rows.width(1)).isEqualTo(299);
    assertThat(Poseidon2Rows.width(0)).isEqualTo(158);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Poseidon2Rows.width(2))
        .withMessageContaining("2; must be 0 or 1");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void rowsSatisfyTheConstraints(int registers) {
    int width = Poseidon2Rows.width(registers);
    MemorySegment out = MemorySegment.ofArray(new int[width]);
    Random random = new Random(SEED);
    for (int n = 0; n < 1_000; n++) {
      int[] input = Poseidon2Oracle.state(random);
      Poseidon2Rows.fill(input, registers, out, 0);
      int[] row = out.toArray(ValueLayout.JAVA_INT);
      String name = "seed " + SEED + ", row " + n + ": " + Arrays.toString(input);
      assertThat(Arrays.stream(row).allMatch(v -> v >= 0 && v < P)).as(name).isTrue();
      assertThat(row[0]).as(name).isEqualTo(1);
      assertThat(Arrays.copyOfRange(row, 1, 17)).as(name).isEqualTo(input);
      checkConstraints(row, registers, name);
      int output = registers == 1 ? 283 : 142;
      assertThat(Arrays.copyOfRange(row, output, output + 16))
          .as(name)
          .isEqualTo(Poseidon2Oracle.permute(input));
    }
  }

  /** Section 5 of the specification, with its column numbers. */
  private static void checkConstraints(int[] row, int registers, String name) {
    boolean g1 = registers == 1;
    int constraints = 0;
    long[] s = new long[16];
    for (int i = 0; i < 16; i++) {
      s[i] = row[1 + i];
    }
    s = Poseidon2Oracle.external(s);
    for (int r = 0; r < 4; r++) {
      int column = g1 ? 17 + 32 * r : 17 + 16 * r;
      int[] constants = Poseidon2Constants.beginningFullRounds()[r];
      constraints += fullRound(row, column, s, constants, g1, name + ", beginning " + r);
    }
    for (int j = 0; j < 13; j++) {
      long x = (s[0] + Poseidon2Constants.partialRounds()[j]) % P;
      long u;
      int post;
      if (g1) {
        long reg = row[145 + 2 * j];
        post = 146 + 2 * j;
        assertThat(reg).as("%s, partial %d", name, j).isEqualTo(Poseidon2Oracle.power(x, 3));
        u = reg * reg % P * x % P;
        constraints++;
      } else {
        post = 81 + j;
        u = Poseidon2Oracle.power(x, 7);
      }
      assertThat((long) row[post]).as("%s, partial %d", name, j).isEqualTo(u);
      constraints++;
      s[0] = row[post];
      s = Poseidon2Oracle.internal(s);
    }
    for (int r = 0; r < 4; r++) {
      int column = g1 ? 171 + 32 * r : 94 + 16 * r;
      int[] constants = Poseidon2Constants.endingFullRounds()[r];
      constraints += fullRound(row, column, s, constants, g1, name + ", ending " + r);
    }
    assertThat(constraints).isEqualTo(g1 ? 282 : 141);
  }

  private static int fullRound(
      int[] row, int column, long[] s, int[] constants, boolean g1, String name) {
    long[] u = new long[16];
    for (int i = 0; i < 16; i++) {
      long x = (s[i] + constants[i]) % P;
      if (g1) {
        long reg = row[column + i];
        assertThat(reg).as("%s, reg %d", name, i).isEqualTo(Poseidon2Oracle.power(x, 3));
        u[i] = reg * reg % P * x % P;
      } else {
        u[i] = Poseidon2Oracle.power(x, 7);
      }
    }
    long[] expected = Poseidon2Oracle.external(u);
    int post = g1 ? column + 16 : column;
    for (int i = 0; i < 16; i++) {
      assertThat((long) row[post + i]).as("%s, post %d", name, i).isEqualTo(expected[i]);
      s[i] = row[post + i];
    }
    return g1 ? 32 : 16;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void manyRowsWithRoomBetween(int registers) {
    int width = Poseidon2Rows.width(registers);
    int stride = width + 1;
    int count = 70;
    Random random = new Random(SEED + 1);
    int[] inputs = new int[2 + count * 16];
    for (int i = 0; i < count; i++) {
      System.arraycopy(Poseidon2Oracle.state(random), 0, inputs, 2 + i * 16, 16);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(4L * (5 + count * stride), 4);
      for (long word = 0; word < out.byteSize() / 4; word++) {
        out.setAtIndex(ValueLayout.JAVA_INT, word, UNTOUCHED);
      }
      Poseidon2Rows.fill(inputs, 2, count, registers, out, 5, stride);
      MemorySegment single = MemorySegment.ofArray(new int[width]);
      for (int i = 0; i < count; i++) {
        int[] input = Arrays.copyOfRange(inputs, 2 + i * 16, 18 + i * 16);
        Poseidon2Rows.fill(input, registers, single, 0);
        long word = 5 + (long) i * stride;
        assertThat(out.asSlice(4 * word, 4L * width).toArray(ValueLayout.JAVA_INT))
            .as("seed %d, row %d", SEED + 1, i)
            .isEqualTo(single.toArray(ValueLayout.JAVA_INT));
        assertThat(out.getAtIndex(ValueLayout.JAVA_INT, word + width)).isEqualTo(UNTOUCHED);
      }
      for (int word = 0; word < 5; word++) {
        assertThat(out.getAtIndex(ValueLayout.JAVA_INT, word)).isEqualTo(UNTOUCHED);
      }
    }
  }

  @Test
  void theLastRowNeedsNoRoomBehindIt() {
    int[] words = new int[158 + 159];
    Poseidon2Rows.fill(new int[32], 0, 2, 0, MemorySegment.ofArray(words), 0, 159);
    assertThat(words[159]).isEqualTo(1);
    assertThat(Arrays.copyOfRange(words, 159, 317)).isEqualTo(Arrays.copyOf(words, 158));
  }

  @Test
  void refusesWhatDoesNotFit() {
    int[] input = new int[16];
    int[] words = new int[320];
    Arrays.fill(words, UNTOUCHED);
    MemorySegment out = MemorySegment.ofArray(words);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Poseidon2Rows.fill(new int[15], 1, out, 0))
        .withMessageContaining("15 elements; must be 16");
    assertThatIllegalArgumentException().isThrownBy(() -> Poseidon2Rows.fill(input, 3, out, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Poseidon2Rows.fill(input, 0, 1, 1, out, 0, 298))
        .withMessageContaining("298 words apart; must be at least 299");
    assertThatThrownBy(() -> Poseidon2Rows.fill(input, 1, out, 22))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Poseidon2Rows.fill(input, 1, out, -1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Poseidon2Rows.fill(new int[32], 0, 2, 1, out, 0, 299))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Poseidon2Rows.fill(input, 0, 2, 0, out, 0, 158))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Poseidon2Rows.fill(input, 0, -1, 0, out, 0, 158))
        .isInstanceOf(IndexOutOfBoundsException.class);
    Poseidon2Rows.fill(input, 0, 0, 0, out, 0, 158);
    assertThat(words).containsOnly(UNTOUCHED);
  }
}
