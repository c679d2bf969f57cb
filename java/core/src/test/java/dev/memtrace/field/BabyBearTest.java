// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.field;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BabyBearTest {
  private static final long SEED = 20260404;
  private static final BigInteger P = BigInteger.valueOf(2013265921L);
  private static final BigInteger R = BigInteger.TWO.pow(32);
  private static final int[] EDGES = {
    0, 1, 2, BabyBear.P / 2, BabyBear.P / 2 + 1, BabyBear.P - 2, BabyBear.P - 1
  };

  @FunctionalInterface
  private interface Check {
    void of(int a, int b, BigInteger bigA, BigInteger bigB, String name);
  }

  private static void forPairs(Check check) {
    Random random = new Random(SEED);
    for (int n = 0; n < 20_000; n++) {
      int a = n < 49 ? EDGES[n / 7] : random.nextInt(BabyBear.P);
      int b = n < 49 ? EDGES[n % 7] : random.nextInt(BabyBear.P);
      String name = "seed " + SEED + ", a = " + a + ", b = " + b;
      check.of(a, b, BigInteger.valueOf(a), BigInteger.valueOf(b), name);
    }
  }

  private static int mod(BigInteger value) {
    return value.mod(P).intValueExact();
  }

  @Test
  void constants() {
    assertThat(BabyBear.P).isEqualTo((1 << 31) - (1 << 27) + 1).isEqualTo(P.intValueExact());
    assertThat(P.isProbablePrime(50)).isTrue();
    assertThat(BabyBear.MONTGOMERY_ONE).isEqualTo(mod(R));
  }

  @Test
  void isCanonical() {
    assertThat(BabyBear.isCanonical(0)).isTrue();
    assertThat(BabyBear.isCanonical(BabyBear.P - 1)).isTrue();
    assertThat(BabyBear.isCanonical(BabyBear.P)).isFalse();
    assertThat(BabyBear.isCanonical(Integer.MAX_VALUE)).isFalse();
    assertThat(BabyBear.isCanonical(Integer.MIN_VALUE)).isFalse();
    assertThat(BabyBear.isCanonical(-1)).isFalse();
  }

  @Test
  void addSubtractNegateMultiply() {
    forPairs(
        (a, b, bigA, bigB, name) -> {
          assertThat(BabyBear.add(a, b)).as(name).isEqualTo(mod(bigA.add(bigB)));
          assertThat(BabyBear.sub(a, b)).as(name).isEqualTo(mod(bigA.subtract(bigB)));
          assertThat(BabyBear.neg(a)).as(name).isEqualTo(mod(bigA.negate()));
          assertThat(BabyBear.mul(a, b)).as(name).isEqualTo(mod(bigA.multiply(bigB)));
        });
  }

  @Test
  void montgomeryForm() {
    BigInteger inverse = R.modInverse(P);
    forPairs(
        (a, b, bigA, bigB, name) -> {
          assertThat(BabyBear.montgomeryMultiply(a, b))
              .as(name)
              .isEqualTo(mod(bigA.multiply(bigB).multiply(inverse)));
          assertThat(BabyBear.toMontgomery(a)).as(name).isEqualTo(mod(bigA.multiply(R)));
          assertThat(BabyBear.fromMontgomery(a)).as(name).isEqualTo(mod(bigA.multiply(inverse)));
        });
  }

  @Test
  void powersAndInverses() {
    Random random = new Random(SEED + 1);
    for (int n = 0; n < 500; n++) {
      int a = n < EDGES.length ? EDGES[n] : random.nextInt(BabyBear.P);
      long exponent = n % 3 == 0 ? n : random.nextLong() >>> (1 + random.nextInt(62));
      String name = "seed " + (SEED + 1) + ", a = " + a + ", exponent " + exponent;
      assertThat(BabyBear.pow(a, exponent))
          .as(name)
          .isEqualTo(BigInteger.valueOf(a).modPow(BigInteger.valueOf(exponent), P).intValueExact());
      if (a != 0) {
        assertThat(BabyBear.inverse(a))
            .as(name)
            .isEqualTo(mod(BigInteger.valueOf(a).modInverse(P)));
      }
    }
    assertThat(BabyBear.pow(0, 0)).isEqualTo(1);
    assertThat(BabyBear.pow(0, 5)).isZero();
    assertThat(BabyBear.pow(7, Long.MAX_VALUE))
        .isEqualTo(BigInteger.valueOf(7).modPow(BigInteger.valueOf(Long.MAX_VALUE), P).intValue());
    assertThatExceptionOfType(ArithmeticException.class)
        .isThrownBy(() -> BabyBear.inverse(0))
        .withMessageContaining("0 has no inverse");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BabyBear.pow(3, -1))
        .withMessageContaining("exponent -1 is negative");
  }

  @Test
  void arrayRanges() {
    int[] values = new Random(SEED + 2).ints(100, 0, BabyBear.P).toArray();
    System.arraycopy(EDGES, 0, values, 10, EDGES.length);
    int[] montgomery = new int[110];
    BabyBear.toMontgomery(values, 3, montgomery, 7, 90);
    int[] back = montgomery.clone();
    BabyBear.fromMontgomery(back, 7, back, 7, 90);
    for (int i = 0; i < 110; i++) {
      boolean inside = i >= 7 && i < 97;
      int value = inside ? values[i - 4] : 0;
      assertThat(back[i]).as("seed %d, word %d", SEED + 2, i).isEqualTo(value);
      assertThat(montgomery[i])
          .as("seed %d, word %d", SEED + 2, i)
          .isEqualTo(mod(BigInteger.valueOf(value).multiply(R)));
    }
    assertThatThrownBy(() -> BabyBear.toMontgomery(values, 11, montgomery, 0, 90))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> BabyBear.toMontgomery(values, 0, montgomery, 21, 90))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> BabyBear.fromMontgomery(values, 11, montgomery, 0, 90))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> BabyBear.fromMontgomery(values, 0, montgomery, 0, -1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void segmentRanges() {
    int[] values = new Random(SEED + 3).ints(100, 0, BabyBear.P).toArray();
    int[] expected = values.clone();
    for (int i = 20; i < 70; i++) {
      expected[i] = mod(BigInteger.valueOf(values[i]).multiply(R));
    }
    int[] onHeap = values.clone();
    BabyBear.toMontgomery(MemorySegment.ofArray(onHeap), 20, 50);
    assertThat(onHeap).as("seed %d", SEED + 3).isEqualTo(expected);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment words = arena.allocateFrom(ValueLayout.JAVA_INT, values);
      BabyBear.toMontgomery(words, 20, 50);
      assertThat(words.toArray(ValueLayout.JAVA_INT)).as("seed %d", SEED + 3).isEqualTo(expected);
      BabyBear.fromMontgomery(words, 20, 50);
      assertThat(words.toArray(ValueLayout.JAVA_INT)).isEqualTo(values);
      assertThatThrownBy(() -> BabyBear.toMontgomery(words, 51, 50))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> BabyBear.fromMontgomery(words, -1, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> BabyBear.fromMontgomery(words.asReadOnly(), 0, 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(Arrays.copyOf(onHeap, 20)).isEqualTo(Arrays.copyOf(values, 20));
  }
}
