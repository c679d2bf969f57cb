// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DurationsTest {
  @ParameterizedTest
  @CsvSource({
    "1ms, 1, 1ms",
    "999ms, 999, 999ms",
    "90s, 90000, 90s",
    "90, 90000, 90s",
    "0.25, 250, 250ms",
    "100s, 100000, 100s",
    "5m, 300000, 300s",
    "1.5h, 5400000, 5400s",
    "1.0005s, 1000, 1s",
    "99999h, 359996400000, 359996400s"
  })
  void readsAndWritesTimes(String text, long millis, String written) {
    Duration time = new Durations().convert(text);
    assertThat(time).isEqualTo(Duration.ofMillis(millis));
    assertThat(Durations.format(time)).isEqualTo(written);
    assertThat(new Durations().convert(written)).isEqualTo(time);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "s", "-1s", "1 s", "1d", "1e3", ".5s", "1000000000s", "PT5S"})
  void refusesWhatIsNoTime(String text) {
    assertThatThrownBy(() -> new Durations().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessage("'" + text + "' is no time such as 500ms, 90s, 5m or 1.5h");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "0s", "0.5ms", "0.0000001h"})
  void refusesNoTimeAtAll(String text) {
    assertThatThrownBy(() -> new Durations().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
