// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.fail;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.MemoryLogEntry;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Compares every product that a backend makes of a random log with that of the slow oracle. */
public final class BackendOracle {
  private static final List<Production.Feed> FEEDS =
      List.of(Production.Feed.ONLINE, Production.Feed.LOG, Production.Feed.CHAINED);

  private BackendOracle() {}

  /**
   * Checks a backend on the i-th short random log.
   *
   * @param seed where all random choices come from
   * @param i which log
   * @param backend the backend
   * @param setting how it is set, for the message
   */
  public static void check(long seed, int i, TraceBackend backend, String setting) {
    LogCase segment = RandomLogs.of(seed, i);
    Production.Feed feed = FEEDS.get(i % FEEDS.size());
    check(segment, SegmentOracle.products(segment), backend, feed, setting, seed);
  }

  /**
   * Checks a backend on the i-th long random log.
   *
   * @param seed where all random choices come from
   * @param i which log
   * @param entries about how many entries it has
   * @param backend the backend
   * @param setting how it is set, for the message
   */
  public static void checkLong(
      long seed, int i, int entries, TraceBackend backend, String setting) {
    LogCase segment = RandomLogs.longLog(seed, i, entries);
    check(segment, SegmentOracle.products(segment), backend, Production.Feed.ONLINE, setting, seed);
  }

  /**
   * Checks backends on a log from elsewhere.
   *
   * @param name where the log comes from, for the message
   * @param mode how memory begins and ends
   * @param config the legal configuration
   * @param initial cells that are not zero before the log, by address space times 2^32 plus pointer
   * @param log legal entries
   * @param backends the backends, of which each is fed in another way
   */
  public static void check(
      String name,
      MemoryMode mode,
      MemoryConfig config,
      SortedMap<Long, Integer> initial,
      List<MemoryLogEntry> log,
      List<TraceBackend> backends) {
    LogCase segment = new LogCase(name, mode, config, initial, log, List.of());
    Products want = SegmentOracle.products(segment);
    for (int i = 0; i < backends.size(); i++) {
      check(segment, want, backends.get(i), FEEDS.get(i % FEEDS.size()), "backend " + i, 0);
    }
  }

  static void check(
      LogCase segment,
      Products want,
      TraceBackend backend,
      Production.Feed feed,
      String setting,
      long seed) {
    String run =
        "%s, %s, %s, fed %s (-Dmemtrace.oracle.seed=%d)"
            .formatted(segment.describe(), backend.description(), setting, feed, seed);
    @Nullable String difference;
    try {
      difference = want.firstDifference(Production.run(segment, backend, feed));
    } catch (RuntimeException | Error e) {
      throw new AssertionError(run, e);
    }
    if (difference != null) {
      fail(run + ": " + difference);
    }
  }
}
