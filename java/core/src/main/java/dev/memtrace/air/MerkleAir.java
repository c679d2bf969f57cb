// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import java.util.List;

/**
 * The memory tree: for each touched inner node a row of the initial and a row of the final tree,
 * from the root downwards.
 */
public final class MerkleAir implements Air {
  /** 1 on rows of the initial tree, -1 on rows of the final tree, 0 on padding. */
  public static final int EXPAND_DIRECTION = 0;

  /** 1 above the address spaces, that is if the node is higher than {@code addressHeight}. */
  public static final int HEIGHT_SECTION = 1;

  /** Height of the node, 1 to {@code overallHeight}. */
  public static final int PARENT_HEIGHT = 2;

  /** 1 on the two root rows. */
  public static final int IS_ROOT = 3;

  /** The node's label among the address spaces. */
  public static final int AS_LABEL = 4;

  /** The node's label inside its address space. */
  public static final int ADDRESS_LABEL = 5;

  /** Hash of the node, 8 elements. */
  public static final int PARENT_HASH = 6;

  /** Hash of the left child, 8 elements. */
  public static final int LEFT_HASH = 14;

  /** Hash of the right child, 8 elements. */
  public static final int RIGHT_HASH = 22;

  /** 1 on final rows whose left child is untouched. */
  public static final int LEFT_DIRECTION_DIFFERENT = 30;

  /** 1 on final rows whose right child is untouched. */
  public static final int RIGHT_DIRECTION_DIFFERENT = 31;

  /** Number of columns. */
  public static final int WIDTH = 32;

  /** Initial root, then final root. */
  public static final int PUBLIC_VALUES = 16;

  private static final List<String> COLUMNS =
      new Columns()
          .one("expand_direction", "height_section", "parent_height", "is_root")
          .one("as_label", "address_label")
          .many("parent_hash", 8)
          .many("left_child_hash", 8)
          .many("right_child_hash", 8)
          .one("left_direction_different", "right_direction_different")
          .build();

  /** Creates the AIR. */
  public MerkleAir() {}

  @Override
  public String name() {
    return "Merkle";
  }

  @Override
  public List<String> columns() {
    return COLUMNS;
  }

  @Override
  public int publicValues() {
    return PUBLIC_VALUES;
  }
}
