// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.trace;

import dev.memtrace.air.MerkleAir;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.field.BabyBear;
import dev.memtrace.merkle.TouchedNodeVisitor;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;

/** Rows of the memory tree: an initial and a final row for each touched inner node. */
public final class MerkleTrace implements TouchedNodeVisitor {
  private static final int ROW_BYTES = 4 * MerkleAir.WIDTH;
  private static final int DIGESTS = 24;

  private final MemorySegment rows;
  private final MemoryDimensions dimensions;

  /**
   * Creates a filler.
   *
   * @param dimensions shape of the tree
   * @param rows receives two rows for each touched inner node
   */
  public MerkleTrace(MemoryDimensions dimensions, MemorySegment rows) {
    this.dimensions = dimensions;
    this.rows = rows;
  }

  @Override
  public void visit(
      long ordinal,
      int height,
      long index,
      boolean leftTouched,
      boolean rightTouched,
      int[] initial,
      int initialOffset,
      int[] after,
      int afterOffset) {
    int below = dimensions.addressHeight() - height;
    int section = below < 0 ? 1 : 0;
    int root = height == dimensions.overallHeight() ? 1 : 0;
    int asLabel = (int) (below < 0 ? index : index >>> below);
    int addressLabel = (int) (below < 0 ? 0 : index & ((1L << below) - 1));
    long first = 2 * ordinal * ROW_BYTES;
    for (long row = first; row <= first + ROW_BYTES; row += ROW_BYTES) {
      rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.HEIGHT_SECTION, section);
      rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.PARENT_HEIGHT, height);
      rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.IS_ROOT, root);
      rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.AS_LABEL, asLabel);
      rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.ADDRESS_LABEL, addressLabel);
    }
    rest(first, 1, initial, initialOffset, 0, 0);
    rest(
        first + ROW_BYTES,
        BabyBear.P - 1,
        after,
        afterOffset,
        leftTouched ? 0 : 1,
        rightTouched ? 0 : 1);
  }

  private void rest(long row, int direction, int[] digests, int offset, int left, int right) {
    rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.EXPAND_DIRECTION, direction);
    MemorySegment.copy(
        digests, offset, rows, IntBuffer64.WORD, row + 4 * MerkleAir.PARENT_HASH, DIGESTS);
    rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.LEFT_DIRECTION_DIFFERENT, left);
    rows.set(IntBuffer64.WORD, row + 4 * MerkleAir.RIGHT_DIRECTION_DIFFERENT, right);
  }
}
