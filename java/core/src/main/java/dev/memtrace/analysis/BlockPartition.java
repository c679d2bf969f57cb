// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;

/**
 * The blocks that memory consists of in the course of a log, without values and timestamps, and the
 * adapter rows that their splits and merges make.
 */
final class BlockPartition {
  private static final int CHUNK = TouchedChunkTable.CHUNK;

  /** State of a cell that is not the first of its block: this and the distance to the first. */
  private static final int INSIDE = 8;

  /** Receives the adapter rows. */
  @FunctionalInterface
  interface RowVisitor {
    /**
     * Receives one row.
     *
     * @param logSize log2 of the cells of the block that is split or merged
     * @param addressSpace address space
     * @param pointer first cell of the block
     * @param shape number of the shape of the access that needs this
     * @param before number of the shape of the accesses that the block or its half comes from
     */
    void visit(int logSize, int addressSpace, int pointer, int shape, int before);
  }

  private final int initialLogSize;
  private final int spaceCells;
  private final RowVisitor visitor;
  private final TouchedChunkTable chunks;

  private int addressSpace;
  private int shape;

  BlockPartition(MemoryMode mode, MemoryConfig config, RowVisitor visitor) {
    this.initialLogSize = Integer.numberOfTrailingZeros(mode.initialBlockSize());
    this.spaceCells = config.addressSpaceSize();
    this.visitor = visitor;
    byte[] fresh = new byte[CHUNK];
    for (int i = 0; i < CHUNK; i++) {
      int inBlock = i & (mode.initialBlockSize() - 1);
      fresh[i] = (byte) (inBlock == 0 ? initialLogSize : INSIDE + inBlock);
    }
    this.chunks = new TouchedChunkTable(fresh);
  }

  TouchedChunkTable chunks() {
    return chunks;
  }

  /** An access of {@code 2^logSize} cells. */
  void access(int space, int pointer, int logSize) {
    addressSpace = space;
    shape = AccessShape.number(pointer, 1 << logSize);
    unite(pointer, logSize);
    for (int i = 0; i < 1 << logSize; i++) {
      chunks.access(cell(pointer + i), shape);
    }
  }

  /** Brings every touched block to the mode's initial size, in ascending order of addresses. */
  void finish() {
    shape = AccessShape.FINALISATION_NUMBER;
    int step = 1 << initialLogSize;
    for (long key : chunks.sortedKeys()) {
      addressSpace = TouchedChunkTable.addressSpace(key);
      int first = TouchedChunkTable.firstPointer(key);
      for (int pointer = first; pointer < first + CHUNK; pointer += step) {
        unite(pointer, initialLogSize);
      }
    }
  }

  private int cell(int pointer) {
    return chunks.cell(addressSpace, pointer);
  }

  private int state(int pointer) {
    return chunks.state(cell(pointer));
  }

  /** Makes some cells one block. */
  private void unite(int pointer, int logSize) {
    if (state(pointer) == logSize) {
      return;
    }
    int n = 1 << logSize;
    splitAt(pointer);
    splitAt(pointer + n);
    if (state(pointer) == logSize) {
      return;
    }
    int middle = pointer + n / 2;
    unite(pointer, logSize - 1);
    unite(middle, logSize - 1);
    create(pointer, logSize);
    int left = chunks.shape(cell(pointer));
    boolean leftIsToBlame = left != shape && left != AccessShape.UNTOUCHED_NUMBER;
    int before = leftIsToBlame ? left : chunks.shape(cell(middle));
    visitor.visit(logSize, addressSpace, pointer, shape, before);
  }

  /** Makes a cell the first of its block. */
  private void splitAt(int boundary) {
    boolean isUntouchedBoundary =
        boundary == spaceCells
            || ((boundary & (CHUNK - 1)) == 0 && !chunks.has(addressSpace, boundary));
    if (isUntouchedBoundary) {
      return;
    }
    int state = state(boundary);
    if (state < INSIDE) {
      return;
    }
    int pointer = boundary - (state - INSIDE);
    int before = chunks.shape(cell(pointer));
    int logSize = state(pointer);
    while (pointer != boundary) {
      visitor.visit(logSize, addressSpace, pointer, shape, before);
      logSize--;
      int middle = pointer + (1 << logSize);
      if (boundary <= middle) {
        create(middle, logSize);
      }
      if (boundary >= middle) {
        create(pointer, logSize);
        pointer = middle;
      }
    }
  }

  private void create(int pointer, int logSize) {
    chunks.setState(cell(pointer), logSize);
    for (int i = 1; i < 1 << logSize; i++) {
      chunks.setState(cell(pointer + i), INSIDE + i);
    }
  }
}
