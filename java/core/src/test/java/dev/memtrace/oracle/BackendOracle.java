// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.fail;

import dev.memtrace.backend.TraceBackend;
import java.util.List;
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
