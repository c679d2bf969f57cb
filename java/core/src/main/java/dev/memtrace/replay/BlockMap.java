// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.PageStore;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The partition of memory into blocks. Splits and merges them, and notes an event for each.
 *
 * <p>A page holds the states of 4096 cells. The state of a cell where a block begins is {@code
 * timestamp << 3 | log2(size)}; of any other cell, {@code distance to the begin << 3 | 7}. Blocks
 * need not be aligned and may reach into the next page. A cell of an absent page belongs to an
 * untouched block: aligned, of the mode's initial size, timestamp 0.
 */
final class BlockMap {
  static final ValueLayout.OfInt WORD = IntBuffer64.WORD;
  static final int PAGE_SIZE = MemoryConfig.PAGE_SIZE;
  static final int PAGE_MASK = PAGE_SIZE - 1;

  /** What the low bits of a state hold: log2 of the size, or {@link #INSIDE}. */
  static final int LOG_SIZE_MASK = 7;

  static final int TIMESTAMP_SHIFT = 3;
  private static final int INSIDE = 7;

  /** Log2 of the size of an untouched block. */
  private final int initialLogSize;

  private final int spaceCells;
  private final PageStore pages;
  private final int[] untouchedPage = new int[PAGE_SIZE];

  /** Receives splits and merges. */
  private BlockEvents events = new BlockEvents();

  /** Address space of the current split or merge. */
  private int space;

  /** Entry of its log segment that is replayed. */
  private int entry;

  /** The page that it works on: its index in the address space, or -1 for none. */
  private int windowPage = -1;

  private MemorySegment window = MemorySegment.NULL;
  private long windowOffset;

  BlockMap(BufferPool pool, MemoryMode mode, MemoryConfig config) {
    this.initialLogSize = Integer.numberOfTrailingZeros(mode.initialBlockSize());
    this.spaceCells = config.addressSpaceSize();
    this.pages = new PageStore(pool, config, PAGE_SIZE);
    int blockMask = mode.initialBlockSize() - 1;
    for (int i = 0; i < PAGE_SIZE; i++) {
      int inBlock = i & blockMask;
      untouchedPage[i] = inBlock == 0 ? initialLogSize : inBlock << TIMESTAMP_SHIFT | INSIDE;
    }
  }

  PageStore pages() {
    return pages;
  }

  /** Says where the next splits and merges are noted. */
  void noteInto(BlockEvents receiver) {
    events = receiver;
  }

  static int logSize(int state) {
    return state & LOG_SIZE_MASK;
  }

  static int timestamp(int state) {
    return state >>> TIMESTAMP_SHIFT;
  }

  static int blockState(int timestamp, int logSize) {
    return timestamp << TIMESTAMP_SHIFT | logSize;
  }

  /** State of the first cell of an untouched block. */
  int untouched() {
    return initialLogSize;
  }

  /**
   * Makes {@code [pointer, pointer + 2^logSize)} one block.
   *
   * @return its state
   */
  int unite(int addressSpace, int pointer, int logSize) {
    space = addressSpace;
    windowPage = -1;
    access(pointer, logSize);
    return state(pointer);
  }

  /**
   * Makes {@code [pointer, pointer + 2^logSize)} one block for an entry of a log segment and gives
   * it a new timestamp.
   *
   * @return its state before
   */
  int touch(int segmentEntry, int addressSpace, int pointer, int logSize, int timestamp) {
    entry = segmentEntry;
    int state = unite(addressSpace, pointer, logSize);
    setState(pointer, blockState(timestamp, logSize));
    return state;
  }

  private void access(int pointer, int logSize) {
    int n = 1 << logSize;
    splitAt(pointer);
    splitAt(pointer + n);
    if (logSize(state(pointer)) == logSize) {
      return;
    }
    int half = n >>> 1;
    access(pointer, logSize - 1);
    access(pointer + half, logSize - 1);
    int left = timestamp(state(pointer));
    int right = timestamp(state(pointer + half));
    create(pointer, logSize, Math.max(left, right));
    events.add(entry, logSize, false, space, pointer, left, right);
  }

  private void splitAt(int boundary) {
    if (boundary == spaceCells
        || ((boundary & PAGE_MASK) == 0 && pages.find(pages.key(space, boundary)) < 0)) {
      return;
    }
    int at = state(boundary);
    if (logSize(at) != INSIDE) {
      return;
    }
    int pointer = boundary - timestamp(at);
    int whole = state(pointer);
    int timestamp = timestamp(whole);
    int logSize = logSize(whole);
    while (true) {
      events.add(entry, logSize, true, space, pointer, timestamp, timestamp);
      logSize--;
      int middle = pointer + (1 << logSize);
      if (boundary <= middle) {
        create(middle, logSize, timestamp);
      }
      if (boundary >= middle) {
        create(pointer, logSize, timestamp);
        pointer = middle;
      }
      if (pointer == boundary) {
        return;
      }
    }
  }

  private void create(int pointer, int logSize, int timestamp) {
    setState(pointer, blockState(timestamp, logSize));
    int n = 1 << logSize;
    int inPage = pointer & PAGE_MASK;
    if (inPage + n <= PAGE_SIZE) {
      long first = windowOffset + 4L * inPage;
      for (int i = 1; i < n; i++) {
        window.set(WORD, first + 4L * i, i << TIMESTAMP_SHIFT | INSIDE);
      }
      return;
    }
    for (int i = 1; i < n; i++) {
      setState(pointer + i, i << TIMESTAMP_SHIFT | INSIDE);
    }
  }

  private int state(int pointer) {
    move(pointer);
    return window.get(WORD, windowOffset + 4L * (pointer & PAGE_MASK));
  }

  private void setState(int pointer, int state) {
    move(pointer);
    window.set(WORD, windowOffset + 4L * (pointer & PAGE_MASK), state);
  }

  /** Brings the page of a cell under the window. */
  private void move(int pointer) {
    if (pointer >>> MemoryConfig.PAGE_BITS != windowPage) {
      int page = page(pointer);
      window = pages.memory();
      windowOffset = pages.offset(page);
      windowPage = pointer >>> MemoryConfig.PAGE_BITS;
    }
  }

  /** Number of the page of a cell, whose blocks are untouched if it is new. */
  private int page(int pointer) {
    long key = pages.key(space, pointer);
    int page = pages.find(key);
    if (page < 0) {
      page = pages.add(key);
      MemorySegment.copy(untouchedPage, 0, pages.memory(), WORD, pages.offset(page), PAGE_SIZE);
    }
    return page;
  }
}
