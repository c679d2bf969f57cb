// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Auxiliary columns of a read, in trace order: {@code prev_timestamp, lt[0], lt[1]}. Mutable, to be
 * filled by {@link MemoryAuxColsFactory}; a new one is all zero.
 */
public final class MemoryReadAuxCols extends MemoryBaseAuxCols {
  /** Number of columns. */
  public static final int WIDTH = BASE_WIDTH;

  /** Creates columns of zeros. */
  public MemoryReadAuxCols() {}

  @Override
  public int width() {
    return WIDTH;
  }
}
