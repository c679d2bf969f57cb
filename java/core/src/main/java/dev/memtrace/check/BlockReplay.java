// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.util.Arrays;

/**
 * The blocks that memory consists of in the course of a log: says which splits and merges there
 * are, in order, and what was touched. Written after the specification, a cell at a time.
 *
 * <p>Each cell has a word of state: 0 in a block that nobody has touched, else what says where its
 * block begins. The timestamp of a block is the greatest among the last accesses of its cells.
 */
final class BlockReplay implements AutoCloseable {
  /** State of the first cell of a block of {@code 2^k} cells: this and k. */
  private static final int FIRST = 1;

  /** State of another cell: this and the distance to the first. */
  private static final int INSIDE = 16;

  private static final int MAX_CELLS = 32;

  /** Receives splits and merges. */
  @FunctionalInterface
  interface RowVisitor {
    /**
     * Receives one.
     *
     * @param split whether it is a split
     * @param logSize log2 of the cells of the parent block
     * @param space address space
     * @param pointer first cell of the parent block
     * @param left timestamp of the left half, on a split of the parent
     * @param right timestamp of the right half, on a split of the parent
     */
    void row(boolean split, int logSize, int space, int pointer, int left, int right);
  }

  private final MemoryConfig config;
  private final int initialSize;
  private final AddressMap states;
  private final AddressMap times;
  private final RowVisitor visitor;
  private final int[] words = new int[MAX_CELLS];
  private final int[] old = new int[MAX_CELLS];
  private final int[] one = new int[1];
  private long touchedCells;
  private int space;
  private long now = 1;

  BlockReplay(MemoryMode mode, MemoryConfig config, BufferPool pool, RowVisitor visitor) {
    this.config = config;
    this.initialSize = mode.initialBlockSize();
    this.states = new AddressMap(config, pool);
    this.times = new AddressMap(config, pool);
    this.visitor = visitor;
  }

  /** Plays a part of the log; the parts come in order. */
  void run(LogSegment segment) {
    for (int i = 0; i < segment.entries(); i++) {
      long header = segment.header(i);
      if (LogHeader.isIncrement(header)) {
        now += LogHeader.pointer(header);
        continue;
      }
      if (LogHeader.addressSpace(header) != 0) {
        space = LogHeader.addressSpace(header);
        access(LogHeader.pointer(header), LogHeader.logSize(header));
      }
      now++;
    }
  }

  /** Plays a whole log. */
  void run(AccessLog log, Runnable afterSegment) {
    for (LogSegment segment : log.segments()) {
      run(segment);
      afterSegment.run();
    }
  }

  /** Brings every touched block to its initial size, in ascending order of addresses. */
  void finish() {
    int logSize = Integer.numberOfTrailingZeros(initialSize);
    forEachTouched(
        (addressSpace, pointer) -> {
          space = addressSpace;
          unite(pointer, logSize);
        });
  }

  /** Receives the first cells of blocks. */
  @FunctionalInterface
  interface BlockVisitor {
    void block(int space, int pointer);
  }

  /** Visits the blocks of initial size and place that have a touched cell, in ascending order. */
  void forEachTouched(BlockVisitor visitor) {
    states.forEachPage(
        (addressSpace, firstPointer, memory, offset, cells) -> {
          for (int i = 0; i < cells; i += initialSize) {
            if (memory.get(IntBuffer64.WORD, offset + 4L * i) != 0) {
              visitor.block(addressSpace, firstPointer + i);
            }
          }
        });
  }

  /** How many cells were touched, with their blocks of initial size. */
  long touchedCells() {
    return touchedCells;
  }

  private void access(int pointer, int logSize) {
    unite(pointer, logSize);
    int n = 1 << logSize;
    if (state(pointer) == 0) {
      create(pointer, logSize);
    }
    Arrays.fill(words, 0, n, (int) now);
    write(times, pointer, n);
  }

  /** Makes some cells one block. */
  private void unite(int pointer, int logSize) {
    if (isBlock(pointer, logSize)) {
      return;
    }
    int n = 1 << logSize;
    splitAt(pointer);
    splitAt(pointer + n);
    if (isBlock(pointer, logSize)) {
      return;
    }
    unite(pointer, logSize - 1);
    unite(pointer + n / 2, logSize - 1);
    int left = time(pointer, n / 2);
    int right = time(pointer + n / 2, n / 2);
    create(pointer, logSize);
    visitor.row(false, logSize, space, pointer, left, right);
  }

  /** Makes a cell the first of its block. */
  private void splitAt(int boundary) {
    if (boundary == config.addressSpaceSize()) {
      return;
    }
    int pointer = blockOf(boundary);
    int logSize = logSizeAt(pointer);
    while (pointer != boundary) {
      int time = time(pointer, 1 << logSize);
      visitor.row(true, logSize, space, pointer, time, time);
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

  private boolean isBlock(int pointer, int logSize) {
    return blockOf(pointer) == pointer && logSizeAt(pointer) == logSize;
  }

  private int blockOf(int pointer) {
    int state = state(pointer);
    if (state == 0) {
      return pointer & -initialSize;
    }
    return state < INSIDE ? pointer : pointer - (state - INSIDE);
  }

  private int logSizeAt(int first) {
    int state = state(first);
    return state == 0 ? Integer.numberOfTrailingZeros(initialSize) : state - FIRST;
  }

  private int state(int pointer) {
    states.read(space, pointer, 1, one, 0);
    return one[0];
  }

  private int time(int pointer, int n) {
    times.read(space, pointer, n, words, 0);
    int latest = 0;
    for (int i = 0; i < n; i++) {
      latest = Math.max(latest, words[i]);
    }
    return latest;
  }

  private void create(int pointer, int logSize) {
    int n = 1 << logSize;
    states.read(space, pointer, n, old, 0);
    words[0] = FIRST + logSize;
    for (int i = 0; i < n; i++) {
      touchedCells += old[i] == 0 ? 1 : 0;
      if (i > 0) {
        words[i] = INSIDE + i;
      }
    }
    write(states, pointer, n);
  }

  /** Writes the first words of {@link #words}. */
  private void write(AddressMap map, int pointer, int n) {
    int inPage = MemoryConfig.PAGE_SIZE - (pointer & (MemoryConfig.PAGE_SIZE - 1));
    int first = Math.min(n, inPage);
    map.writeCells(space, pointer, first, words, 0);
    if (first < n) {
      map.writeCells(space, pointer + first, n - first, words, first);
    }
  }

  @Override
  public void close() {
    states.release();
    times.release();
  }
}
