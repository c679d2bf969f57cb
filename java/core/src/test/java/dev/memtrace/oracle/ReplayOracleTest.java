// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.MemoryLogEntry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every product of the CPU backend against the oracle, word by word, with 1, 2 and 3 threads and
 * with each way of feeding a log. Repeat a failure with {@code -Dmemtrace.oracle.seed=SEED}; {@code
 * -Dmemtrace.oracle.cases=N} changes how many cases there are.
 */
class ReplayOracleTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_251_102L);
  private static final int CASES = Integer.getInteger("memtrace.oracle.cases", 2_400);
  private static final int SHARD = 100;
  private static final List<TraceBackend> BACKENDS =
      IntStream.rangeClosed(1, 3).mapToObj(Production::backend).toList();

  private static final List<Production.Feed> FEEDS = List.of(Production.Feed.values());

  @TempDir private Path temp;

  @AfterAll
  static void closeBackends() {
    BACKENDS.forEach(TraceBackend::close);
  }

  static IntStream shards() {
    return IntStream.range(0, Math.ceilDiv(CASES, SHARD));
  }

  @ParameterizedTest(name = "cases {0}00 to {0}99")
  @MethodSource("shards")
  void randomLogs(int shard) {
    for (int i = shard * SHARD; i < Math.min(CASES, (shard + 1) * SHARD); i++) {
      check(RandomLogs.of(SEED, i), i);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void longLogs(int i) {
    check(RandomLogs.longLog(SEED, i, i == 0 ? 70_000 : 20_000), i);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void chains(int shard) {
    for (int i = 20 * shard; i < 20 * shard + 20; i++) {
      ChainOracle.check(SEED, i, BACKENDS, i % 2 == 0 ? temp : null);
    }
  }

  /** Every distance between neighbouring rows of the volatile boundary, and of touched chunks. */
  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void gapsOfEveryWidth(MemoryMode mode) {
    List<MemoryLogEntry> log = new ArrayList<>();
    int pointer = 0;
    for (int gap = 1; gap < 300; gap++) {
      log.add(new MemoryLogEntry.Read(1 + gap / 100, pointer, 1));
      pointer += gap;
    }
    check(fixed("gaps", mode, log), 0);
  }

  /** Blocks at both ends of the first and the last address space. */
  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void endsOfTheAddressSpaces(MemoryMode mode) {
    int end = MemoryConfig.defaults().addressSpaceSize();
    List<MemoryLogEntry> log = new ArrayList<>();
    for (int space : new int[] {1, 2, 8}) {
      for (int n = 32; n >= 1; n /= 2) {
        log.add(new MemoryLogEntry.Read(space, end - n, n));
        log.add(new MemoryLogEntry.Write(space, 0, new int[n]));
        log.add(new MemoryLogEntry.Read(space, end - 33, n));
      }
      log.add(new MemoryLogEntry.Read(space, end - 32, 32));
    }
    for (int i = 0; i < 3; i++) {
      check(fixed("ends", mode, log), i);
    }
  }

  private static LogCase fixed(String name, MemoryMode mode, List<MemoryLogEntry> log) {
    return new LogCase(name, mode, MemoryConfig.defaults(), new TreeMap<>(), log, List.of());
  }

  @Test
  void theCasesReachTheCorners() {
    int volatileMode = 0;
    int atClockLimit = 0;
    int acrossPages = 0;
    int atEnd = 0;
    int unaligned = 0;
    int empty = 0;
    int zeroIncrements = 0;
    int immediates = 0;
    int[] bySize = new int[6];
    for (int i = 0; i < 500; i++) {
      LogCase made = RandomLogs.of(SEED, i);
      volatileMode += made.mode() == MemoryMode.VOLATILE ? 1 : 0;
      empty += made.log().isEmpty() ? 1 : 0;
      long now = 1;
      for (MemoryLogEntry entry : made.log()) {
        switch (entry) {
          case MemoryLogEntry.IncrementTimestampBy(int amount) -> {
            now += amount;
            zeroIncrements += amount == 0 ? 1 : 0;
          }
          case MemoryLogEntry.Read(int space, int pointer, int n) -> {
            now++;
            immediates += space == 0 ? 1 : 0;
            bySize[31 - Integer.numberOfLeadingZeros(n)]++;
            unaligned += space != 0 && pointer % n != 0 ? 1 : 0;
          }
          case MemoryLogEntry.Write(int space, int pointer, int[] data) -> {
            now++;
            int n = data.length;
            bySize[31 - Integer.numberOfLeadingZeros(n)]++;
            acrossPages += pointer >>> 12 != (pointer + n - 1) >>> 12 ? 1 : 0;
            atEnd += pointer + n == made.config().addressSpaceSize() ? 1 : 0;
            assertThat(space).isBetween(1, made.config().lastAddressSpace());
          }
        }
      }
      atClockLimit += now == made.config().timestampLimit() - 1 ? 1 : 0;
    }
    assertThat(
            IntStream.of(
                volatileMode,
                500 - volatileMode,
                atClockLimit,
                acrossPages,
                atEnd,
                unaligned,
                empty,
                zeroIncrements,
                immediates,
                bySize[0],
                bySize[1],
                bySize[2],
                bySize[3],
                bySize[4],
                bySize[5]))
        .as("how often each corner occurs, base seed %d", SEED)
        .allMatch(count -> count >= 4);
  }

  private static void check(LogCase segment, int i) {
    Products want = SegmentOracle.products(segment);
    for (int threads = 1; threads <= BACKENDS.size(); threads++) {
      Production.Feed feed = FEEDS.get((i + threads) % FEEDS.size());
      BackendOracle.check(
          segment, want, BACKENDS.get(threads - 1), feed, threads + " threads", SEED);
    }
  }
}
