// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {
  @Test
  void ordersTimesFirst() {
    assertThat(Spread.of(List.of(30L, 10L, 20L))).isEqualTo(new Spread(20, 10, 30));
  }

  @Test
  void takesTheLowerOfTwoInTheMiddle() {
    assertThat(Spread.of(List.of(4L, 3L, 2L, 1L))).isEqualTo(new Spread(2, 1, 4));
  }

  @Test
  void refusesNoTimes() {
    assertThatThrownBy(() -> Spread.of(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a spread of no times was asked for; give at least one");
  }
}
