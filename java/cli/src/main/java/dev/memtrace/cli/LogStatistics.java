// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Counts of a log: entries by kind, size and address space, and touched chunks. */
final class LogStatistics {
  private static final int LOG_CHUNK = 3;

  /** What an entry does. */
  enum Kind {
    /** Reads memory. */
    READ,
    /** Reads an immediate, address space 0. */
    IMMEDIATE,
    /** Writes memory. */
    WRITE,
    /** Advances the clock. */
    INCREMENT;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final int SIZES = 6;
  private static final int DENSE_ADDRESS_SPACES = 1 << 12;

  private final long[] sizes = new long[SIZES];
  private final long[] addressSpaces;
  private final Map<Integer, Long> furtherAddressSpaces = new TreeMap<>();
  private final LongOpenHashSet chunks = new LongOpenHashSet();
  private long lastChunk = -1;
  private long reads;
  private long immediates;
  private long writes;
  private long increments;

  private LogStatistics(int lastAddressSpace) {
    addressSpaces = new long[Math.min(lastAddressSpace + 1, DENSE_ADDRESS_SPACES)];
  }

  static LogStatistics of(AccessLog log) {
    LogStatistics statistics = new LogStatistics(log.config().lastAddressSpace());
    for (LogSegment segment : log.segments()) {
      for (int i = 0; i < segment.entries(); i++) {
        statistics.add(segment.header(i));
      }
    }
    return statistics;
  }

  private void add(long header) {
    if (LogHeader.isIncrement(header)) {
      increments++;
      return;
    }
    int addressSpace = LogHeader.addressSpace(header);
    sizes[LogHeader.logSize(header)]++;
    if (addressSpace < addressSpaces.length) {
      addressSpaces[addressSpace]++;
    } else {
      furtherAddressSpaces.merge(addressSpace, 1L, Long::sum);
    }
    if (addressSpace == 0) {
      immediates++;
      return;
    }
    if (LogHeader.isWrite(header)) {
      writes++;
    } else {
      reads++;
    }
    int pointer = LogHeader.pointer(header);
    int last = pointer + LogHeader.size(header) - 1;
    for (int label = pointer >>> LOG_CHUNK; label <= last >>> LOG_CHUNK; label++) {
      touch((long) addressSpace << 32 | label);
    }
  }

  private void touch(long chunk) {
    if (chunk != lastChunk) {
      lastChunk = chunk;
      chunks.add(chunk);
    }
  }

  Map<Kind, Long> byKind() {
    Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    counts.put(Kind.READ, reads);
    counts.put(Kind.IMMEDIATE, immediates);
    counts.put(Kind.WRITE, writes);
    counts.put(Kind.INCREMENT, increments);
    return counts;
  }

  /** Accesses by number of cells, as far as there are any. */
  Map<Integer, Long> bySize() {
    Map<Integer, Long> counts = new TreeMap<>();
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] != 0) {
        counts.put(1 << i, sizes[i]);
      }
    }
    return counts;
  }

  /** Accesses by address space, as far as there are any; 0 are immediates. */
  Map<Integer, Long> byAddressSpace() {
    Map<Integer, Long> counts = new TreeMap<>(furtherAddressSpaces);
    for (int i = 0; i < addressSpaces.length; i++) {
      if (addressSpaces[i] != 0) {
        counts.put(i, addressSpaces[i]);
      }
    }
    return counts;
  }

  /** Chunks of eight cells of which at least one was accessed. */
  long touchedChunks() {
    return chunks.size();
  }
}
