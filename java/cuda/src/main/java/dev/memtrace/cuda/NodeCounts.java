// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

/**
 * How many nodes of each height a tree has: some leaves and all their ancestors. Without leaves
 * these are the leftmost nodes from height 1 to the root.
 */
final class NodeCounts {
  /** Words of the counts that the device makes: {@code memtrace::NODE_COUNT_WORDS}. */
  static final int WORDS = 64;

  private final long[] nodes;
  private final long[] above;
  private final long total;

  /**
   * Counts the nodes.
   *
   * @param leaves number of leaves
   * @param neighbours word b: neighbours in the ascending list of leaves whose highest different
   *     bit is b
   * @param rootHeight height of the root
   */
  NodeCounts(long leaves, long[] neighbours, int rootHeight) {
    this.nodes = new long[rootHeight + 1];
    this.above = new long[rootHeight + 1];
    long apart = 0;
    long sum = 0;
    for (int height = rootHeight; height >= 0; height--) {
      apart += neighbours[height];
      nodes[height] = height == 0 ? leaves : 1 + apart;
      above[height] = sum;
      sum += nodes[height];
    }
    this.total = sum;
  }

  int rootHeight() {
    return nodes.length - 1;
  }

  long leaves() {
    return nodes[0];
  }

  /** Nodes of one height, of which the leaves have 0. */
  long at(int height) {
    return nodes[height];
  }

  /** Nodes of all greater heights. */
  long above(int height) {
    return above[height];
  }

  /** All nodes. */
  long total() {
    return total;
  }

  /** All nodes but the leaves. */
  long inner() {
    return above[0];
  }
}
