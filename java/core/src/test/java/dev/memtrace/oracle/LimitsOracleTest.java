// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.backend.TraceBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The CPU backend at the ends of every range. */
class LimitsOracleTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void endsOfEveryRange(int threads) {
    try (TraceBackend backend = Production.backend(threads)) {
      LimitsOracle.check(backend);
    }
  }
}
