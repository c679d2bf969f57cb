// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.check.CheckFailure.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailuresTest {
  private static CheckFailure failure(long row, int rule) {
    return new CheckFailure(Kind.CONSTRAINT, "AIR", row, "rule " + rule, List.of(), null, "");
  }

  @Test
  void theFirstOnesByRowAndRuleAreKeptWhateverComesFirst() {
    Failures failures = new Failures(3);
    long[][] order = {{9, 0}, {4, 1}, {7, 0}, {4, 0}, {8, 2}, {1, 5}};
    for (long[] one : order) {
      failures.add(one[0], (int) one[1], () -> failure(one[0], (int) one[1]));
    }
    assertThat(failures.found()).isEqualTo(6);
    assertThat(failures.list())
        .extracting(CheckFailure::toString)
        .containsExactly("AIR row 1: rule 5", "AIR row 4: rule 0", "AIR row 4: rule 1");
  }
}
