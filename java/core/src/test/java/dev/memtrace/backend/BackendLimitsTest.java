// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BackendLimitsTest {
  private long now;
  private int loops;

  /** Each of the first loops takes a nanosecond less than the one before. */
  private double measured(int faster) {
    return BackendLimits.best(1, () -> now += Math.max(1000 - faster, 1000 - loops++), () -> now);
  }

  @Test
  void loopsGoOnWhileTheyGetFaster() {
    assertThat(measured(50)).isEqualTo(1e9 / 950);
    assertThat(loops).isEqualTo(51 + 7);
  }

  @Test
  void loopsEndWhereTheyNeverSettle() {
    assertThat(measured(1000)).isEqualTo(1e9 / 901);
    assertThat(loops).isEqualTo(100);
  }

  @Test
  void theBetterFigureOfEachKindCounts() {
    assertThat(new BackendLimits(1, 4, 0).best(new BackendLimits(3, 2, 5)))
        .isEqualTo(new BackendLimits(3, 4, 5));
  }
}
