// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import java.util.List;

/**
 * The boundary of persistent memory: for each touched chunk a row of its initial and a row of its
 * final state, each tied to a leaf of the memory tree.
 */
public final class PersistentBoundaryAir implements Air {
  /** 1 on initial rows, -1 on final rows, 0 on padding. */
  public static final int EXPAND_DIRECTION = 0;

  /** Address space. */
  public static final int SPACE = 1;

  /** Chunk index: pointer / 8. */
  public static final int LABEL = 2;

  /** The chunk's 8 cells. */
  public static final int VALUES = 3;

  /** The 8 elements of the leaf hash. */
  public static final int HASH = 11;

  /** 0 on initial rows, the last access on final rows. */
  public static final int TIMESTAMP = 19;

  /** Number of columns. */
  public static final int WIDTH = 20;

  private static final List<String> COLUMNS =
      new Columns()
          .one("expand_direction", "space", "label")
          .many("values", 8)
          .many("hash", 8)
          .one("timestamp")
          .build();

  /** Creates the AIR. */
  public PersistentBoundaryAir() {}

  @Override
  public String name() {
    return "Boundary";
  }

  @Override
  public List<String> columns() {
    return COLUMNS;
  }
}
