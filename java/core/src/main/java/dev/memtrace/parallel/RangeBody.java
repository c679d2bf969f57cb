// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.parallel;

/** Work on a range of items that does not depend on how the whole was cut into ranges. */
@FunctionalInterface
public interface RangeBody {
  /**
   * Processes the items {@code from .. to - 1}.
   *
   * @param from first item
   * @param to one past the last item
   */
  void run(long from, long to);
}
