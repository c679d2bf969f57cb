// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Widths and column positions as spec/airs.md and spec/poseidon2.md list them. */
class AirTest {
  @Test
  void widths() {
    assertThat(new VolatileBoundaryAir().width())
        .isEqualTo(12)
        .isEqualTo(VolatileBoundaryAir.WIDTH);
    assertThat(new PersistentBoundaryAir().width())
        .isEqualTo(20)
        .isEqualTo(PersistentBoundaryAir.WIDTH);
    assertThat(new MerkleAir().width()).isEqualTo(32).isEqualTo(MerkleAir.WIDTH);
    assertThat(new RangeCheckerAir().width()).isEqualTo(1);
    for (int n = 2; n <= 32; n *= 2) {
      AccessAdapterAir air = new AccessAdapterAir(n);
      assertThat(air.width()).isEqualTo(n + 9).isEqualTo(AccessAdapterAir.width(n));
      assertThat(air.name()).isEqualTo("AccessAdapter<" + n + ">");
      assertThat(air.blockSize()).isEqualTo(n);
    }
    for (int registers = 0; registers < 2; registers++) {
      Poseidon2Air air = new Poseidon2Air(registers);
      assertThat(air.width())
          .isEqualTo(registers == 1 ? 300 : 159)
          .isEqualTo(Poseidon2Air.width(registers));
      assertThat(air.registers()).isEqualTo(registers);
    }
    assertThatThrownBy(() -> new Poseidon2Air(2)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Poseidon2Air(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void publicValues() {
    assertThat(new MerkleAir().publicValues()).isEqualTo(16);
    for (Air air :
        List.of(
            new VolatileBoundaryAir(),
            new PersistentBoundaryAir(),
            new AccessAdapterAir(2),
            new RangeCheckerAir(),
            new Poseidon2Air(1))) {
      assertThat(air.publicValues()).isZero();
      assertThat(air.columns()).doesNotHaveDuplicates().hasSize(air.width());
    }
  }

  @Test
  void positions() {
    assertThat(VolatileBoundaryAir.IS_VALID).isEqualTo(6);
    assertThat(VolatileBoundaryAir.LT).isEqualTo(10);
    assertThat(PersistentBoundaryAir.HASH).isEqualTo(11);
    assertThat(PersistentBoundaryAir.TIMESTAMP).isEqualTo(19);
    assertThat(MerkleAir.PARENT_HASH).isEqualTo(6);
    assertThat(MerkleAir.LEFT_DIRECTION_DIFFERENT).isEqualTo(30);
    assertThat(AccessAdapterAir.leftTimestamp(8)).isEqualTo(12);
    assertThat(AccessAdapterAir.rightTimestamp(8)).isEqualTo(13);
    assertThat(AccessAdapterAir.isRightLarger(8)).isEqualTo(14);
    assertThat(AccessAdapterAir.lt(8)).isEqualTo(15);
    Poseidon2Air one = new Poseidon2Air(1);
    assertThat(one.columns().indexOf("partial_0_post_sbox")).isEqualTo(146);
    assertThat(one.columns().indexOf("ending_full_3_post[0]")).isEqualTo(283);
    assertThat(one.columns().indexOf("mult")).isEqualTo(299);
    Poseidon2Air none = new Poseidon2Air(0);
    assertThat(none.columns().indexOf("partial_0_post_sbox")).isEqualTo(81);
    assertThat(none.columns().indexOf("ending_full_3_post[0]")).isEqualTo(142);
    assertThat(none.columns().indexOf("mult")).isEqualTo(158);
  }

  @Test
  void rangeTable() {
    assertThat(RangeCheckerAir.row(0, 0)).isEqualTo(1);
    assertThat(RangeCheckerAir.row(5, 3)).isEqualTo(13);
    assertThat(RangeCheckerAir.height(17)).isEqualTo(1 << 18);
    assertThat(RangeCheckerAir.height(26)).isEqualTo(1 << 27);
  }

  @Test
  void heights() {
    long[] rows = {0, 1, 2, 3, 4, 5, 1023, 1024, 1025, (1L << 40) + 1};
    long[] up = {1, 1, 2, 4, 4, 8, 1024, 1024, 2048, 1L << 41};
    for (int i = 0; i < rows.length; i++) {
      assertThat(TraceHeight.nextPowerOfTwo(rows[i])).isEqualTo(up[i]);
      assertThat(TraceHeight.nextPowerOfTwoOrZero(rows[i])).isEqualTo(rows[i] == 0 ? 0 : up[i]);
    }
  }
}
