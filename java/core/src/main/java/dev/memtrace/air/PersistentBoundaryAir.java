// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import java.util.ArrayList;
import java.util.Collections;
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

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    Expression e = builder.column(EXPAND_DIRECTION);
    Expression space = builder.column(SPACE);
    Expression label = builder.column(LABEL);
    List<Expression> values = builder.columns(VALUES, MemoryConfig.CHUNK);
    List<Expression> hash = builder.columns(HASH, MemoryConfig.CHUNK);
    Expression timestamp = builder.column(TIMESTAMP);
    builder.assertZero("expand_direction is -1, 0 or 1", e.times(e).times(e).minus(e));
    builder.assertZero("an initial row has timestamp 0", e.times(e.plus(1)).times(timestamp));

    List<Expression> leaf =
        new ArrayList<>(List.of(e, builder.constant(0), space.minus(config.asOffset()), label));
    leaf.addAll(hash);
    builder.send("leaf", Bus.MERKLE, leaf, e);
    List<Expression> compression = new ArrayList<>(values);
    compression.addAll(Collections.nCopies(MemoryConfig.CHUNK, builder.constant(0)));
    compression.addAll(hash);
    builder.send("leaf hash", Bus.COMPRESSION, compression, e.times(e));
    List<Expression> chunk = new ArrayList<>(List.of(space, label.times(MemoryConfig.CHUNK)));
    chunk.addAll(values);
    chunk.add(timestamp);
    builder.send("chunk", Bus.MEMORY, chunk, e);
  }
}
