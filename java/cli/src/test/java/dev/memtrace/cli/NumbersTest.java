// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumbersTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "250000, 250000",
    "10^6, 1000000",
    "1e6, 1000000",
    "25E3, 25000",
    "2^20, 1048576",
    "7^0, 1",
    "9e18, 9000000000000000000"
  })
  void readsNumbers(String text, long value) {
    assertThat(Numbers.parse(text)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "1.5", "10^", "e6", "1,000", "10^6x", "1234567890123456789"})
  void refusesWhatIsNoNumber(String text) {
    assertThatThrownBy(() -> Numbers.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'" + text + "' is no number such as 250000, 10^6 or 1e6");
  }

  @ParameterizedTest
  @ValueSource(strings = {"10^19", "1e19", "99^99"})
  void refusesWhatIsTooLarge(String text) {
    assertThatThrownBy(() -> Numbers.parse(text)).hasMessage("'" + text + "' is beyond 2^63 - 1");
  }

  @Test
  void readsListsAndRanges() {
    assertThat(Numbers.parseAll("10^4..10^6,5,50000,5"))
        .containsExactly(5L, 10_000L, 50_000L, 100_000L, 1_000_000L);
    assertThat(Numbers.parseAll("3..50")).containsExactly(3L, 30L);
    assertThat(Numbers.parseAll("9e18..9e18")).containsExactly(9_000_000_000_000_000_000L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0..5", "10..1"})
  void refusesRangesThatDoNotGoUp(String text) {
    assertThatThrownBy(() -> Numbers.parseAll(text))
        .hasMessage("'" + text + "' is no range; it goes up from a number of at least 1");
  }
}
