// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import java.util.ArrayList;
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

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    MemoryDimensions dimensions = config.dimensions();
    int addressHeight = dimensions.addressHeight();
    Expression e = builder.column(EXPAND_DIRECTION);
    Expression section = builder.column(HEIGHT_SECTION);
    Expression height = builder.column(PARENT_HEIGHT);
    Expression root = builder.column(IS_ROOT);
    Expression nextSection = builder.next(HEIGHT_SECTION);
    Expression nextHeight = builder.next(PARENT_HEIGHT);
    Expression nextRoot = builder.next(IS_ROOT);
    Expression leftDiffers = builder.column(LEFT_DIRECTION_DIFFERENT);
    Expression rightDiffers = builder.column(RIGHT_DIRECTION_DIFFERENT);
    Expression transition = builder.isTransition();
    Expression first = builder.isFirst();
    Expression last = builder.isLast();

    builder.assertZero("expand_direction is -1, 0 or 1", e.times(e).times(e).minus(e));
    builder.assertBoolean("left_direction_different is boolean", leftDiffers);
    builder.assertBoolean("right_direction_different is boolean", rightDiffers);
    builder.assertZero("left_direction_different on final rows only", e.plus(1).times(leftDiffers));
    builder.assertZero(
        "right_direction_different on final rows only", e.plus(1).times(rightDiffers));
    fallsByOneAtMost(builder, "parent_height", height.minus(nextHeight));
    fallsByOneAtMost(builder, "height_section", section.minus(nextSection));
    fallsByOneAtMost(builder, "is_root", root.minus(nextRoot));
    builder.assertZero("height_section is 1 on the first row", first.times(section.minus(1)));
    builder.assertZero("is_root is 1 on the first row", first.times(root.minus(1)));
    builder.assertZero("is_root is 1 on the second row", first.times(nextRoot.minus(1)));
    builder.assertZero("height_section is 0 on the last row", last.times(section));
    builder.assertZero("is_root is 0 on the last row", last.times(root));
    builder.assertZero(
        "height_section falls from parent_height = address_height + 1 only",
        transition.times(height.minus(addressHeight + 1L).times(section.minus(nextSection))));
    builder.assertZero(
        "height_section falls to parent_height = address_height only",
        transition.times(nextHeight.minus(addressHeight).times(section.minus(nextSection))));
    builder.assertZero(
        "the root rows have expand_direction 1, then -1",
        root.times(nextRoot).times(e.minus(builder.next(EXPAND_DIRECTION)).minus(2)));
    builder.assertZero(
        "a root has the overall height", root.times(height.minus(dimensions.overallHeight())));
    for (int i = 0; i < MemoryConfig.CHUNK; i++) {
      builder.assertZero(
          "parent_hash[" + i + "] of the first row is that of the initial root",
          first.times(builder.column(PARENT_HASH + i).minus(builder.publicValue(i))));
      builder.assertZero(
          "parent_hash[" + i + "] of the second row is that of the final root",
          first.times(
              builder.next(PARENT_HASH + i).minus(builder.publicValue(MemoryConfig.CHUNK + i))));
    }

    Expression asLabel = builder.column(AS_LABEL);
    Expression addressLabel = builder.column(ADDRESS_LABEL);
    List<Expression> parent = builder.columns(PARENT_HASH, MemoryConfig.CHUNK);
    List<Expression> left = builder.columns(LEFT_HASH, MemoryConfig.CHUNK);
    List<Expression> right = builder.columns(RIGHT_HASH, MemoryConfig.CHUNK);
    Expression below = height.minus(1);
    Expression childAsLabel = asLabel.times(section.plus(1));
    Expression childAddressLabel = addressLabel.times(section.minus(2).negated());
    builder.send(
        "parent", Bus.MERKLE, node(e, height, asLabel, addressLabel, parent), root.not().times(e));
    builder.receive(
        "left child",
        Bus.MERKLE,
        node(e.plus(leftDiffers.times(2)), below, childAsLabel, childAddressLabel, left),
        e);
    builder.receive(
        "right child",
        Bus.MERKLE,
        node(
            e.plus(rightDiffers.times(2)),
            below,
            childAsLabel.plus(section),
            childAddressLabel.plus(section.not()),
            right),
        e);
    List<Expression> compression = new ArrayList<>(left);
    compression.addAll(right);
    compression.addAll(parent);
    builder.send("node hash", Bus.COMPRESSION, compression, e.times(e));
  }

  private static void fallsByOneAtMost(AirBuilder builder, String column, Expression fall) {
    builder.assertZero(
        column + " falls by 0 or 1", builder.isTransition().times(fall.times(fall.minus(1))));
  }

  private static List<Expression> node(
      Expression direction,
      Expression height,
      Expression asLabel,
      Expression addressLabel,
      List<Expression> hash) {
    List<Expression> node = new ArrayList<>(List.of(direction, height, asLabel, addressLabel));
    node.addAll(hash);
    return node;
  }
}
