// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.analysis.AccessAnalysis;
import dev.memtrace.analysis.ShapeCount;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts of a log: entries by kind, size and address space, and touched chunks.
 *
 * @param analysis what is known of the accesses
 * @param entries entries of the log, increments included
 */
record LogStatistics(AccessAnalysis analysis, long entries) {

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

  Map<Kind, Long> byKind() {
    long reads = analysis.shapes().stream().mapToLong(ShapeCount::reads).sum();
    long writes = analysis.shapes().stream().mapToLong(ShapeCount::writes).sum();
    long immediates = analysis.immediates();
    Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    counts.put(Kind.READ, reads);
    counts.put(Kind.IMMEDIATE, immediates);
    counts.put(Kind.WRITE, writes);
    counts.put(Kind.INCREMENT, entries - reads - writes - immediates);
    return counts;
  }

  /** Accesses by number of cells, as far as there are any; an immediate has one. */
  Map<Integer, Long> bySize() {
    Map<Integer, Long> counts = immediates(1);
    analysis
        .shapes()
        .forEach(count -> counts.merge(count.shape().size(), accesses(count), Long::sum));
    return counts;
  }

  /** Accesses by address space, as far as there are any; 0 are immediates. */
  Map<Integer, Long> byAddressSpace() {
    Map<Integer, Long> counts = immediates(0);
    analysis
        .shapes()
        .forEach(count -> counts.merge(count.addressSpace(), accesses(count), Long::sum));
    return counts;
  }

  private Map<Integer, Long> immediates(int key) {
    Map<Integer, Long> counts = new TreeMap<>();
    if (analysis.immediates() != 0) {
      counts.put(key, analysis.immediates());
    }
    return counts;
  }

  private static long accesses(ShapeCount count) {
    return count.reads() + count.writes();
  }

  /** Chunks of eight cells of which at least one was accessed. */
  long touchedChunks() {
    return analysis.costs().touchedChunks();
  }
}
