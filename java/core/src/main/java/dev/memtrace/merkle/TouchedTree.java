// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

import java.util.ArrayList;
import java.util.List;

/** The touched nodes of a memory tree with their digests after a segment, and both roots. */
public final class TouchedTree {
  private static final int DIGEST = ResidentTree.DIGEST;

  private final MemoryRoots roots;

  /** Nodes by height, from the leaves to the root. */
  private final List<TreeLevel> levels;

  TouchedTree(MemoryRoots roots, List<TreeLevel> levels) {
    this.roots = roots;
    this.levels = new ArrayList<>(levels);
  }

  /**
   * Returns the roots before and after the segment.
   *
   * @return both roots
   */
  public MemoryRoots roots() {
    return roots;
  }

  /**
   * Makes room in a tree for every touched node, so that {@link #applyTo} cannot fail.
   *
   * @param tree the tree before the segment
   */
  public void reserveIn(ResidentTree tree) {
    long missing = 0;
    for (int height = 0; height < levels.size(); height++) {
      TreeLevel level = levels.get(height);
      for (int i = 0; i < level.size; i++) {
        missing += tree.has(height, level.index[i]) ? 0 : 1;
      }
    }
    tree.reserve(missing);
  }

  /**
   * Brings a tree from before the segment to after it.
   *
   * @param tree the tree before the segment, with the room that {@link #reserveIn} has made
   */
  public void applyTo(ResidentTree tree) {
    int[] digest = new int[DIGEST];
    for (int height = 0; height < levels.size(); height++) {
      TreeLevel level = levels.get(height);
      for (int i = 0; i < level.size; i++) {
        TreeLevel.load(level.after, i, digest, 0);
        tree.put(height, level.index[i], digest, 0);
      }
    }
  }

  /** Gives the memory back. */
  public void release() {
    levels.forEach(level -> level.after.release());
    levels.clear();
  }
}
