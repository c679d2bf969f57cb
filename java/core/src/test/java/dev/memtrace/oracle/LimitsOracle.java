// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.MemoryLogEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Segments at the ends of every range that a configuration can have, against the slow oracle. */
public final class LimitsOracle {
  private static final int P = 2013265921;

  private LimitsOracle() {}

  /**
   * Compares the products of a backend. Accesses of every size touch the first and the last cells
   * of the first and the last address space, at timestamps up to the last one.
   *
   * @param backend the backend
   */
  public static void check(TraceBackend backend) {
    for (LogCase segment : segments()) {
      Products want = SegmentOracle.products(segment);
      for (Production.Feed feed :
          List.of(Production.Feed.ONLINE, Production.Feed.LOG, Production.Feed.CHAINED)) {
        BackendOracle.check(segment, want, backend, feed, "limits", 0);
      }
    }
  }

  private static List<LogCase> segments() {
    MemoryConfig largest = MemoryConfig.defaults().withPointerMaxBits(29).withClkMaxBits(29);
    return List.of(
        segment("largest", MemoryMode.PERSISTENT, largest.withAsHeight(28)),
        segment("largest", MemoryMode.VOLATILE, largest.withAsHeight(16)),
        segment("high", MemoryMode.PERSISTENT, largest.withAsHeight(28).withPointerMaxBits(5)),
        segment("wide", MemoryMode.VOLATILE, largest.withAsHeight(0)));
  }

  private static LogCase segment(String name, MemoryMode mode, MemoryConfig config) {
    List<MemoryLogEntry> log = new ArrayList<>();
    int end = config.addressSpaceSize();
    long now = 1;
    for (int space : new int[] {config.lastAddressSpace(), 1, config.lastAddressSpace()}) {
      now += ends(log, space, end, 1);
      now += ends(log, space, end, Math.min(33, end - 32));
    }
    // As many again, the last of them with the last timestamp.
    int rest = log.size();
    int jump = (int) (config.timestampLimit() - 1 - now - rest);
    log.add(new MemoryLogEntry.IncrementTimestampBy(jump));
    for (int i = 0; i < rest; i++) {
      log.add(log.get(rest - 1 - i));
    }
    return new LogCase(name, mode, config, new TreeMap<>(), log, List.of());
  }

  /** Accesses of every size at both ends of a space, and one beside. */
  private static int ends(List<MemoryLogEntry> log, int space, int end, int beside) {
    int before = log.size();
    for (int n = 32; n >= 1; n /= 2) {
      log.add(new MemoryLogEntry.Write(space, end - n, values(n, P - n)));
      log.add(new MemoryLogEntry.Read(space, end - n, n));
      log.add(new MemoryLogEntry.Write(space, 0, values(n, n)));
      log.add(new MemoryLogEntry.Read(space, Math.max(0, end - n - beside), n));
      log.add(new MemoryLogEntry.Read(0, P - 1, 1));
    }
    return log.size() - before;
  }

  private static int[] values(int n, int first) {
    int[] values = new int[n];
    for (int i = 0; i < n; i++) {
      values[i] = (first + i) % P;
    }
    return values;
  }
}
