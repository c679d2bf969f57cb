// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import java.util.function.IntToLongFunction;

/**
 * How many inner nodes of each height a segment touched: the ancestors of touched chunks, and if
 * there are none, the leftmost node of each height.
 */
public final class TouchedNodeCounts {
  private final int[] counts;

  /**
   * Counts the nodes.
   *
   * @param chunks number of touched chunks
   * @param leaf their leaf indices, ascending
   * @param overallHeight height of the root
   */
  public TouchedNodeCounts(int chunks, IntToLongFunction leaf, int overallHeight) {
    this.counts = new int[overallHeight + 1];
    // Two neighbouring leaves are under different nodes up to the height of the highest bit in
    // which they differ.
    int[] differUpTo = new int[overallHeight + 1];
    for (int i = 1; i < chunks; i++) {
      differUpTo[63 - Long.numberOfLeadingZeros(leaf.applyAsLong(i) ^ leaf.applyAsLong(i - 1))]++;
    }
    int more = 0;
    for (int height = overallHeight; height >= 0; height--) {
      more += differUpTo[height];
      counts[height] = 1 + more;
    }
  }

  /**
   * Returns the number of touched nodes above a height.
   *
   * @param height 0 to the root's
   * @return nodes
   */
  public long above(int height) {
    long sum = 0;
    for (int h = height + 1; h < counts.length; h++) {
      sum += counts[h];
    }
    return sum;
  }
}
