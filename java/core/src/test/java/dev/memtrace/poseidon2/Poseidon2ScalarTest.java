// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import static dev.memtrace.poseidon2.Poseidon2Oracle.P;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

/** The bounds that the comments state, where random states never go. */
class Poseidon2ScalarTest {
  @Test
  void reduceNearMultiples() {
    long slack = P >> 13;
    for (long multiple = -1024; multiple <= 1024; multiple++) {
      for (long offset = -3; offset <= 3; offset++) {
        long value = Math.clamp(multiple * P + offset, -1024 * P, 1024 * P);
        long reduced = Poseidon2Scalar.reduce(value);
        assertThat(Math.floorMod(reduced, P)).as("%d", value).isEqualTo(Math.floorMod(value, P));
        assertThat(reduced).as("%d", value).isBetween(value < 0 ? -slack : 0, P + slack);
      }
    }
  }

  @Test
  void canonicalNearMultiples() {
    for (long multiple = -64; multiple <= 64; multiple++) {
      for (long offset = -3; offset <= 3; offset++) {
        long value = Math.clamp(multiple * P + offset, -64 * P, 64 * P);
        assertThat((long) Poseidon2Scalar.canonical(value))
            .as("%d", value)
            .isEqualTo(Math.floorMod(value, P));
      }
    }
  }

  @Test
  void wrapAtItsEnds() {
    assertThat(Poseidon2Scalar.wrap(-P)).isZero();
    assertThat(Poseidon2Scalar.wrap(-1)).isEqualTo((int) P - 1);
    assertThat(Poseidon2Scalar.wrap(0)).isZero();
    assertThat(Poseidon2Scalar.wrap(P - 1)).isEqualTo((int) P - 1);
  }

  @Test
  void productsOfTheLargestFactors() {
    BigInteger p = BigInteger.valueOf(P);
    BigInteger inverse = BigInteger.TWO.pow(32).modInverse(p);
    long[] factors = {-P, -P + 1, -1, 0, 1, P / 2, P - 1, P};
    for (long a : factors) {
      for (long b : factors) {
        long product = Poseidon2Scalar.multiply(a, b);
        BigInteger expected = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
        assertThat(Math.floorMod(product, P))
            .as("%d * %d", a, b)
            .isEqualTo(expected.multiply(inverse).mod(p).longValueExact());
        assertThat(Math.abs(product)).as("%d * %d", a, b).isLessThanOrEqualTo(P / 100 * 97);
      }
    }
  }
}
