// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.oracle.BackendOracle;
import dev.memtrace.oracle.LimitsOracle;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random logs through the CUDA backend on the emulated device, every product compared with the slow
 * oracle. {@code -Dmemtrace.oracle.seed=N} repeats a failure, {@code -Dmemtrace.cuda.cases=N}
 * changes how many cases there are: 1,200, and 300 under sanitizers.
 */
class CudaReplayOracleTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_251_103L);
  private static final int CASES =
      Integer.getInteger(
          "memtrace.cuda.cases", Boolean.getBoolean("memtrace.sanitized") ? 300 : 1_200);
  private static final int SHARD = 50;

  /** Threads of a grid run upwards, downwards or shuffled. */
  private static final int ORDERS = 3;

  /** Ways to tune the replay; none may change a result. */
  private static final List<ReplayTuning> TUNINGS =
      List.of(
          ReplayTuning.defaults(),
          // All pages share one or a few granules.
          new ReplayTuning(0, false, entries -> 2 * entries + 64),
          new ReplayTuning(3, true, entries -> 2 * entries + 64),
          // Log indices beside the keys.
          new ReplayTuning(22, true, entries -> entries),
          // Never enough room at first.
          new ReplayTuning(22, false, _ -> 1));

  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    CudaFixture.assertNothingLeft(emulator);
    emulator.reset();
  }

  static IntStream shards() {
    return IntStream.range(0, Math.ceilDiv(CASES, SHARD));
  }

  private void order(int shard) {
    emulator.set("order", shard % ORDERS);
    emulator.set("seed", shard);
    emulator.set("defer", shard % 3);
  }

  @ParameterizedTest(name = "shard {0}")
  @MethodSource("shards")
  void randomLogs(int shard) {
    order(shard);
    ReplayTuning tuning = TUNINGS.get(shard % TUNINGS.size());
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(2), tuning)) {
      for (int i = shard * SHARD; i < Math.min(CASES, (shard + 1) * SHARD); i++) {
        BackendOracle.check(SEED, i, backend, tuning.toString());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void endsOfEveryRange(int i) {
    order(i);
    try (CudaBackend backend =
        new CudaBackend(CudaFixture.open(), new BackendOptions(2), TUNINGS.get(i))) {
      LimitsOracle.check(backend);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void longLogs(int i) {
    order(i);
    ReplayTuning tuning = TUNINGS.get(i % TUNINGS.size());
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(2), tuning)) {
      BackendOracle.checkLong(SEED, i, i == 0 ? 70_000 : 10_000, backend, tuning.toString());
    }
  }
}
