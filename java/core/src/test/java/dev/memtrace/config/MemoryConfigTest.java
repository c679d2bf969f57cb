// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of legal ranges of spec/memory-model.md, section 2, row by row. */
class MemoryConfigTest {
  private static final MemoryConfig OK = MemoryConfig.defaults();
  private static final List<MemoryMode> BOTH = List.of(MemoryMode.values());
  private static final List<MemoryMode> PERSISTENT = List.of(MemoryMode.PERSISTENT);
  private static final List<MemoryMode> VOLATILE = List.of(MemoryMode.VOLATILE);

  private static MemoryConfig offset(int asOffset) {
    return new MemoryConfig(3, asOffset, 29, 29, 17, 32, 1);
  }

  private static Stream<Arguments> bad(
      List<MemoryMode> modes, MemoryConfig config, String parameter) {
    return modes.stream().map(mode -> Arguments.of(mode, config, parameter));
  }

  static Stream<Arguments> illegal() {
    return Stream.of(
            bad(BOTH, offset(0), "asOffset is 0"),
            bad(BOTH, offset(2), "asOffset is 2"),
            bad(BOTH, offset(-1), "asOffset is -1"),
            bad(BOTH, OK.withRangeMaxBits(0).withClkMaxBits(0), "rangeMaxBits is 0"),
            bad(BOTH, OK.withRangeMaxBits(-3), "rangeMaxBits is -3"),
            bad(BOTH, OK.withRangeMaxBits(27), "rangeMaxBits is 27"),
            bad(BOTH, OK.withRangeMaxBits(Integer.MAX_VALUE), "rangeMaxBits"),
            bad(BOTH, OK.withClkMaxBits(30), "clkMaxBits is 30"),
            bad(BOTH, OK.withClkMaxBits(17), "clkMaxBits is 17"),
            bad(BOTH, OK.withClkMaxBits(16), "clkMaxBits is 16"),
            bad(BOTH, OK.withClkMaxBits(-1), "clkMaxBits is -1"),
            bad(BOTH, OK.withRangeMaxBits(14), "clkMaxBits is 29"),
            bad(BOTH, OK.withPointerMaxBits(30), "pointerMaxBits is 30"),
            bad(BOTH, OK.withPointerMaxBits(31), "pointerMaxBits is 31"),
            bad(BOTH, OK.withPointerMaxBits(-1), "pointerMaxBits is -1"),
            bad(BOTH, OK.withAsHeight(-1), "asHeight is -1"),
            bad(BOTH, OK.withAsHeight(29), "asHeight is 29"),
            bad(BOTH, OK.withAsHeight(Integer.MIN_VALUE), "asHeight"),
            bad(PERSISTENT, OK.withAsHeight(0), "asHeight is 0"),
            bad(PERSISTENT, OK.withPointerMaxBits(3), "pointerMaxBits is 3"),
            bad(PERSISTENT, OK.withPointerMaxBits(0), "pointerMaxBits is 0"),
            // as_bits is as_height + 1
            bad(VOLATILE, OK.withAsHeight(17), "asHeight is 17"),
            bad(VOLATILE, OK.withAsHeight(28), "asHeight is 28"),
            bad(
                VOLATILE,
                OK.withRangeMaxBits(3).withClkMaxBits(6).withPointerMaxBits(6),
                "asHeight is 3"),
            bad(VOLATILE, OK.withPointerMaxBits(17), "pointerMaxBits is 17"),
            bad(VOLATILE, OK.withPointerMaxBits(12), "pointerMaxBits is 12"),
            bad(VOLATILE, OK.withRangeMaxBits(14).withClkMaxBits(28), "pointerMaxBits is 29"),
            bad(BOTH, OK.withMaxAccessAdapterN(0), "maxAccessAdapterN is 0"),
            bad(BOTH, OK.withMaxAccessAdapterN(1), "maxAccessAdapterN is 1"),
            bad(BOTH, OK.withMaxAccessAdapterN(3), "maxAccessAdapterN is 3"),
            bad(BOTH, OK.withMaxAccessAdapterN(24), "maxAccessAdapterN is 24"),
            bad(BOTH, OK.withMaxAccessAdapterN(64), "maxAccessAdapterN is 64"),
            bad(BOTH, OK.withMaxAccessAdapterN(-8), "maxAccessAdapterN is -8"),
            bad(BOTH, OK.withMaxAccessAdapterN(Integer.MIN_VALUE), "maxAccessAdapterN"),
            bad(PERSISTENT, OK.withMaxAccessAdapterN(2), "maxAccessAdapterN is 2"),
            bad(PERSISTENT, OK.withMaxAccessAdapterN(4), "maxAccessAdapterN is 4"),
            bad(BOTH, OK.withAccessCapacity(-1), "accessCapacity is -1"))
        .flatMap(arguments -> arguments);
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("illegal")
  void illegalParametersAreNamed(MemoryMode mode, MemoryConfig config, String says) {
    assertThatThrownBy(() -> config.validate(mode))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(says);
  }

  static Stream<Arguments> legal() {
    MemoryConfig tiny = OK.withRangeMaxBits(1).withClkMaxBits(2);
    return Stream.of(
        Arguments.of(MemoryMode.VOLATILE, OK),
        Arguments.of(MemoryMode.PERSISTENT, OK),
        Arguments.of(MemoryMode.VOLATILE, tiny.withAsHeight(0).withPointerMaxBits(2)),
        Arguments.of(MemoryMode.PERSISTENT, tiny.withAsHeight(1).withPointerMaxBits(4)),
        Arguments.of(MemoryMode.PERSISTENT, tiny.withAsHeight(28)),
        Arguments.of(MemoryMode.PERSISTENT, OK.withRangeMaxBits(26).withClkMaxBits(27)),
        Arguments.of(MemoryMode.VOLATILE, OK.withRangeMaxBits(26).withAsHeight(25)),
        Arguments.of(MemoryMode.VOLATILE, OK.withRangeMaxBits(15).withAsHeight(14)),
        Arguments.of(MemoryMode.VOLATILE, OK.withAsHeight(16)),
        Arguments.of(MemoryMode.VOLATILE, OK.withPointerMaxBits(18)),
        Arguments.of(MemoryMode.VOLATILE, OK.withMaxAccessAdapterN(2)),
        Arguments.of(MemoryMode.VOLATILE, OK.withMaxAccessAdapterN(4)),
        Arguments.of(MemoryMode.PERSISTENT, OK.withMaxAccessAdapterN(8)),
        Arguments.of(MemoryMode.PERSISTENT, OK.withMaxAccessAdapterN(16)),
        Arguments.of(MemoryMode.PERSISTENT, OK.withAccessCapacity(0)),
        Arguments.of(MemoryMode.PERSISTENT, OK.withAccessCapacity(Long.MAX_VALUE)),
        Arguments.of(MemoryMode.PERSISTENT, OK.withClkMaxBits(18)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("legal")
  void theEndsOfTheRangesAreLegal(MemoryMode mode, MemoryConfig config) {
    assertThat(config.validate(mode)).isSameAs(config);
  }

  @Test
  void derivedNumbersOfTheDefault() {
    assertThat(OK).isEqualTo(new MemoryConfig(3, 1, 29, 29, 17, 32, 1L << 24));
    assertThat(OK.addressSpaceBits()).isEqualTo(4);
    assertThat(OK.addressBits()).isEqualTo(29);
    assertThat(OK.lastAddressSpace()).isEqualTo(8);
    assertThat(OK.addressSpaceSize()).isEqualTo(1 << 29);
    assertThat(OK.timestampLimit()).isEqualTo(1L << 29);
    assertThat(OK.adapterCount()).isEqualTo(5);
    assertThat(OK.dimensions()).isEqualTo(new MemoryDimensions(3, 26, 1));
    assertThat(OK.dimensions().overallHeight()).isEqualTo(29);
  }

  @Test
  void addressSpaceBitsAreTheRoundedUpLogarithm() {
    // ceil(log2(1 + 2^h)) is h + 1.
    for (int h = 0; h <= 28; h++) {
      assertThat(OK.withAsHeight(h).addressSpaceBits()).isEqualTo(h + 1);
    }
    MemoryConfig wide = OK.withAsHeight(20).withPointerMaxBits(18).withRangeMaxBits(21);
    assertThat(wide.addressBits()).isEqualTo(21);
  }

  @Test
  void leafIndices() {
    MemoryDimensions large = OK.withAsHeight(28).dimensions();
    assertThat(large.overallHeight()).isEqualTo(54);
    assertThat(large.leafIndex(1, 0)).isZero();
    assertThat(large.leafIndex(2, 5)).isEqualTo((1L << 26) + 5);
    assertThat(large.leafIndex(1 << 28, (1 << 26) - 1)).isEqualTo((1L << 54) - 1);
  }

  @Test
  void onlyTheCapacityMayDifferForTheSameMemory() {
    assertThat(OK.sameMemory(OK.withAccessCapacity(1))).isTrue();
    for (MemoryConfig other :
        List.of(
            OK.withAsHeight(4),
            offset(2),
            OK.withPointerMaxBits(28),
            OK.withClkMaxBits(28),
            OK.withRangeMaxBits(18),
            OK.withMaxAccessAdapterN(16))) {
      assertThat(OK.sameMemory(other)).as("%s", other).isFalse();
    }
  }

  @Test
  void modes() {
    assertThat(MemoryMode.VOLATILE.initialBlockSize()).isEqualTo(1);
    assertThat(MemoryMode.PERSISTENT.initialBlockSize()).isEqualTo(8);
    assertThat(MemoryMode.VOLATILE.label()).isEqualTo("volatile");
    assertThat(MemoryMode.PERSISTENT.label()).isEqualTo("persistent");
  }
}
