// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.PageStore;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory as the replay sees it: for each cell its value and the block that it belongs to. Splits
 * and merges blocks, and writes a row for each.
 *
 * <p>A page holds 4096 values, then 4096 states. The state of a cell where a block begins is {@code
 * timestamp << 3 | log2(size)}; of any other cell, {@code distance to the begin << 3 | 7}. Blocks
 * need not be aligned and may reach into the next page. A cell of an absent page belongs to an
 * untouched block: aligned, of the mode's initial size, timestamp 0.
 */
final class BlockMap {
  static final ValueLayout.OfInt WORD = IntBuffer64.WORD;
  static final ValueLayout.OfLong PAIR = IntBuffer64.PAIR;
  static final int PAGE_SIZE = MemoryConfig.PAGE_SIZE;
  static final int PAGE_MASK = PAGE_SIZE - 1;

  /** Bytes from the value of a cell to its state. */
  static final long STATES = 4L * PAGE_SIZE;

  private static final int LOG_SIZE_MASK = 7;
  private static final int INSIDE = 7;
  private static final int TIMESTAMP_SHIFT = 3;

  /** Log2 of the size of an untouched block. */
  private final int initialLogSize;

  private final int spaceCells;
  private final int limbBits;
  private final int limbMask;
  private final int clockMask;
  private final PageStore pages;
  private final AdapterRows[] adapters;
  private final AddressMap initial;

  /** Address space of the current split or merge. */
  private int space;

  /** Log index of the entry that is replayed. */
  private int origin;

  /** The page that it works on: its index in the address space, or -1 for none. */
  private int windowPage = -1;

  private MemorySegment window = MemorySegment.NULL;
  private long windowOffset;

  BlockMap(BufferPool pool, MemoryMode mode, AddressMap initial, boolean keepOrigins) {
    MemoryConfig config = initial.config();
    this.initial = initial;
    this.initialLogSize = Integer.numberOfTrailingZeros(mode.initialBlockSize());
    this.spaceCells = config.addressSpaceSize();
    this.limbBits = config.rangeMaxBits();
    this.limbMask = (1 << limbBits) - 1;
    this.clockMask = (1 << config.clkMaxBits()) - 1;
    this.pages = new PageStore(pool, config, 2 * PAGE_SIZE);
    this.adapters = new AdapterRows[config.adapterCount()];
    for (int i = 0; i < adapters.length; i++) {
      adapters[i] = new AdapterRows(pool, 2 << i, keepOrigins);
    }
  }

  PageStore pages() {
    return pages;
  }

  AdapterRows[] adapters() {
    return adapters;
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

  /** Number of the page of a cell, created from the initial image if it is new. */
  int page(int addressSpace, int pointer) {
    long key = pages.key(addressSpace, pointer);
    int page = pages.find(key);
    return page >= 0 ? page : addPage(key, addressSpace, pointer);
  }

  private int addPage(long key, int addressSpace, int pointer) {
    int page = pages.add(key);
    MemorySegment memory = pages.memory();
    long offset = pages.offset(page);
    initial.copyPage(addressSpace, pointer, memory, offset);
    int blockMask = (1 << initialLogSize) - 1;
    for (int i = 0; i < PAGE_SIZE; i++) {
      memory.set(WORD, offset + STATES + 4L * i, untouchedState(i & blockMask));
    }
    return page;
  }

  private int untouchedState(int inBlock) {
    return inBlock == 0 ? initialLogSize : inBlock << TIMESTAMP_SHIFT | INSIDE;
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
   * Makes {@code [pointer, pointer + 2^logSize)} one block for a log entry and gives it a new
   * timestamp.
   *
   * @return its state before
   */
  int touch(int logIndex, int addressSpace, int pointer, int logSize, int timestamp) {
    origin = logIndex;
    int state = unite(addressSpace, pointer, logSize);
    setState(pointer, blockState(timestamp, logSize));
    return state;
  }

  /** Copies cells. */
  void readValues(int addressSpace, int pointer, int n, MemorySegment out, long at) {
    space = addressSpace;
    windowPage = -1;
    copyValues(pointer, n, out, at);
  }

  /** Copies the old and the new cells and stores the new ones. */
  void exchangeValues(
      int addressSpace,
      int pointer,
      int n,
      MemorySegment in,
      long inAt,
      MemorySegment out,
      long newAt,
      long oldAt) {
    readValues(addressSpace, pointer, n, out, oldAt);
    for (int i = 0; i < n; i++) {
      int value = in.get(WORD, inAt + 4L * i);
      out.set(WORD, newAt + 4L * i, value);
      move(pointer + i);
      window.set(WORD, windowOffset + 4L * ((pointer + i) & PAGE_MASK), value);
    }
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
    emit(logSize, 0, pointer, left, right);
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
      emit(logSize, 1, pointer, timestamp, timestamp);
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
      long first = windowOffset + STATES + 4L * inPage;
      for (int i = 1; i < n; i++) {
        window.set(WORD, first + 4L * i, i << TIMESTAMP_SHIFT | INSIDE);
      }
      return;
    }
    for (int i = 1; i < n; i++) {
      setState(pointer + i, i << TIMESTAMP_SHIFT | INSIDE);
    }
  }

  private void emit(int logSize, int isSplit, int pointer, int left, int right) {
    AdapterRows rows = adapters[logSize - 1];
    long at = rows.add(origin);
    MemorySegment out = rows.memory();
    int n = 1 << logSize;
    int difference = right - left - 1 & clockMask;
    out.set(WORD, at, 1);
    out.set(WORD, at + 4 * AccessAdapterAir.IS_SPLIT, isSplit);
    out.set(WORD, at + 4 * AccessAdapterAir.SPACE, space);
    out.set(WORD, at + 4 * AccessAdapterAir.POINTER, pointer);
    copyValues(pointer, n, out, at + 4 * AccessAdapterAir.VALUES);
    long tail = at + 4L * AccessAdapterAir.leftTimestamp(n);
    out.set(WORD, tail, left);
    out.set(WORD, tail + 4, right);
    out.set(WORD, tail + 8, left < right ? 1 : 0);
    out.set(WORD, tail + 12, difference & limbMask);
    out.set(WORD, tail + 16, difference >>> limbBits);
  }

  private void copyValues(int pointer, int n, MemorySegment out, long at) {
    int inPage = pointer & PAGE_MASK;
    if (n == 1 || inPage + n > PAGE_SIZE) {
      for (int i = 0; i < n; i++) {
        out.set(WORD, at + 4L * i, value(pointer + i));
      }
      return;
    }
    move(pointer);
    long from = windowOffset + 4L * inPage;
    for (int i = 0; i < n; i += 2) {
      out.set(PAIR, at + 4L * i, window.get(PAIR, from + 4L * i));
    }
  }

  private int value(int pointer) {
    move(pointer);
    return window.get(WORD, windowOffset + 4L * (pointer & PAGE_MASK));
  }

  private int state(int pointer) {
    move(pointer);
    return window.get(WORD, windowOffset + STATES + 4L * (pointer & PAGE_MASK));
  }

  private void setState(int pointer, int state) {
    move(pointer);
    window.set(WORD, windowOffset + STATES + 4L * (pointer & PAGE_MASK), state);
  }

  /** Brings the page of a cell under the window. */
  private void move(int pointer) {
    if (pointer >>> MemoryConfig.PAGE_BITS != windowPage) {
      int page = page(space, pointer);
      window = pages.memory();
      windowOffset = pages.offset(page);
      windowPage = pointer >>> MemoryConfig.PAGE_BITS;
    }
  }
}
