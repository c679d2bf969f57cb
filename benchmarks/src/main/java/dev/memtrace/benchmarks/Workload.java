// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.bundle.Bundle;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.replay.ReplayedWords;
import dev.memtrace.workload.LogShape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A log to measure with: that of a bundle, or a made one.
 *
 * @param mode mode of the memory
 * @param initial memory before the first access
 * @param log the accesses
 */
public record Workload(MemoryMode mode, AddressMap initial, AccessLog log) {
  /** The made log that is measured unless another one is asked for. */
  public static final String DEFAULT = "riscv-registers";

  private static final long ENTRIES = 4_000_000;

  /**
   * Loads a workload.
   *
   * @param name a bundle folder, or the name of a {@link LogShape}, with a colon and a number of
   *     entries if it is not to have 4 million
   * @return the workload
   */
  public static Workload load(String name) {
    String[] parts = name.split(":", 2);
    if (Arrays.stream(LogShape.values()).anyMatch(shape -> shape.label().equals(parts[0]))) {
      long entries = parts.length == 1 ? ENTRIES : Long.parseLong(parts[1]);
      return new Workload(
          MemoryMode.PERSISTENT,
          new AddressMap(MemoryConfig.defaults()),
          LogShape.of(parts[0]).generate(entries, 1, BufferPool.shared()));
    }
    Bundle bundle = Bundle.open(Path.of(name));
    return new Workload(
        bundle.manifest().mode(),
        bundle.readInitialMemory(_ -> {}),
        bundle.readLog(BufferPool.shared(), _ -> {}));
  }

  /**
   * Returns the headers of all entries on the heap.
   *
   * @return packed headers in log order
   */
  long[] headers() {
    long[] headers = new long[Math.toIntExact(log.size())];
    int at = 0;
    for (LogSegment segment : log.segments()) {
      for (int i = 0; i < segment.entries(); i++) {
        headers[at++] = segment.header(i);
      }
    }
    return headers;
  }

  /**
   * Returns all written cells on the heap.
   *
   * @return values in log order
   */
  int[] values() {
    int words = log.segments().stream().mapToInt(LogSegment::valueWords).sum();
    int[] values = new int[words];
    int at = 0;
    for (LogSegment segment : log.segments()) {
      for (int i = 0; i < segment.valueWords(); i++) {
        values[at++] = segment.value(i);
      }
    }
    return values;
  }

  /**
   * Counts the entries that are accesses.
   *
   * @return accesses
   */
  long accesses() {
    long count = 0;
    for (long header : headers()) {
      count += LogHeader.isIncrement(header) ? 0 : 1;
    }
    return count;
  }

  /**
   * Returns room for what a replay of the log adds to it.
   *
   * @param pool where it comes from
   * @return buffers for each log segment, owned by the caller
   */
  List<ReplayedWords> roomForReplay(BufferPool pool) {
    List<ReplayedWords> words = new ArrayList<>();
    for (LogSegment segment : log.segments()) {
      words.add(
          new ReplayedWords(
              pool.acquire(4L * segment.accesses()), pool.acquire(4 * segment.dataWords())));
    }
    return words;
  }
}
