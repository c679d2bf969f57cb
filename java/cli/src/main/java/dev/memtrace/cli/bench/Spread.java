// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import java.util.Arrays;
import java.util.Collection;

/**
 * Times of the runs of one thing, in nanoseconds.
 *
 * @param median the middle one, the lower of two
 * @param min the shortest
 * @param max the longest
 */
public record Spread(long median, long min, long max) {
  /**
   * Describes times.
   *
   * @param nanos at least one time
   * @return their spread
   * @throws IllegalArgumentException if there is none
   */
  public static Spread of(Collection<Long> nanos) {
    if (nanos.isEmpty()) {
      throw new IllegalArgumentException("a spread of no times was asked for; give at least one");
    }
    long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return new Spread(sorted[(sorted.length - 1) / 2], sorted[0], sorted[sorted.length - 1]);
  }
}
