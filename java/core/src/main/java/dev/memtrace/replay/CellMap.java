// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.PageStore;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The values of memory as the replay sees them, in pages of 4096 cells that are copied from the
 * initial image when they are first used.
 */
final class CellMap {
  private static final ValueLayout.OfInt WORD = BlockMap.WORD;

  private final AddressMap initial;
  private final PageStore pages;

  CellMap(BufferPool pool, AddressMap initial) {
    this.initial = initial;
    this.pages = new PageStore(pool, initial.config(), BlockMap.PAGE_SIZE);
  }

  PageStore pages() {
    return pages;
  }

  /** Number of the page of a cell. */
  int page(int addressSpace, int pointer) {
    long key = pages.key(addressSpace, pointer);
    int page = pages.find(key);
    if (page < 0) {
      page = pages.add(key);
      initial.copyPage(addressSpace, pointer, pages.memory(), pages.offset(page));
    }
    return page;
  }

  /** Copies cells, which may reach into the next page. */
  void read(int addressSpace, int pointer, int n, MemorySegment out, long at) {
    int before = Math.min(n, inPage(pointer));
    copy(cell(addressSpace, pointer), before, pages.memory(), out, at);
    if (before < n) {
      long cell = cell(addressSpace, pointer + before);
      copy(cell, n - before, pages.memory(), out, at + 4L * before);
    }
  }

  /** Stores cells, which may reach into the next page. */
  void write(int addressSpace, int pointer, int n, MemorySegment in, long from) {
    for (int i = 0; i < n; i++) {
      long cell = cell(addressSpace, pointer + i);
      pages.memory().set(WORD, cell, in.get(WORD, from + 4L * i));
    }
  }

  /** How many cells there are from a cell to the end of its page. */
  private static int inPage(int pointer) {
    return MemoryConfig.PAGE_SIZE - (pointer & BlockMap.PAGE_MASK);
  }

  private long cell(int addressSpace, int pointer) {
    return pages.offset(page(addressSpace, pointer)) + 4L * (pointer & BlockMap.PAGE_MASK);
  }

  private static void copy(long from, int n, MemorySegment memory, MemorySegment out, long at) {
    for (int i = 0; i < n; i++) {
      out.set(WORD, at + 4L * i, memory.get(WORD, from + 4L * i));
    }
  }
}
