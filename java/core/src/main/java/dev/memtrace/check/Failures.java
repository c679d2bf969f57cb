// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Collects failures of one part of the products, the first ones by row and rule whichever thread
 * finds them first. Thread-safe.
 */
final class Failures {
  private record Key(long row, int rule) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int byRow = Long.compare(row, other.row);
      return byRow != 0 ? byRow : Integer.compare(rule, other.rule);
    }
  }

  private final int max;
  private final TreeMap<Key, CheckFailure> first = new TreeMap<>();
  private long found;

  Failures(int max) {
    this.max = max;
  }

  /** Counts a failure; it is made only if it is among the first. */
  synchronized void add(long row, int rule, Supplier<CheckFailure> failure) {
    found++;
    Key key = new Key(row, rule);
    if (first.size() >= max) {
      if (first.lastKey().compareTo(key) <= 0) {
        return;
      }
      first.pollLastEntry();
    }
    first.put(key, failure.get());
  }

  synchronized long found() {
    return found;
  }

  synchronized List<CheckFailure> list() {
    return new ArrayList<>(first.values());
  }
}
