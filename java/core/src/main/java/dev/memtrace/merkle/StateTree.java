// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

/**
 * The memory tree of an image, wherever a backend keeps it between two segments. Whoever holds it
 * closes it.
 */
public interface StateTree extends AutoCloseable {

  /**
   * Returns the root.
   *
   * @return 8 canonical elements
   * @throws IllegalStateException if the tree is closed
   */
  int[] root();

  /**
   * Returns the tree in native memory of this process, copied there if it lies elsewhere.
   *
   * @return this tree, or a copy that takes its place: then this one is closed
   * @throws IllegalStateException if the tree is closed and lay elsewhere
   */
  ResidentTree onHost();

  /** Gives the memory back. Closing twice has no effect. */
  @Override
  void close();
}
