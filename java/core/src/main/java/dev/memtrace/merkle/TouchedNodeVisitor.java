// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

/** Receives the touched inner nodes of the tree, from several threads and in no fixed order. */
@FunctionalInterface
public interface TouchedNodeVisitor {

  /**
   * Receives one node. The arrays are reused after the call.
   *
   * @param ordinal position of the node, by descending height and then ascending index
   * @param height height of the node, 1 to the root's
   * @param index index of the node among those of its height
   * @param leftTouched whether the left child was touched
   * @param rightTouched whether the right child was touched
   * @param initial canonical digests before the segment: node, left child, right child
   * @param initialOffset index of the first of 24 elements
   * @param after canonical digests after the segment: node, left child, right child
   * @param afterOffset index of the first of 24 elements
   */
  void visit(
      long ordinal,
      int height,
      long index,
      boolean leftTouched,
      boolean rightTouched,
      int[] initial,
      int initialOffset,
      int[] after,
      int afterOffset);
}
