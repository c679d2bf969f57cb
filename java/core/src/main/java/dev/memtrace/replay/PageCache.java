// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.image.PageStore;
import dev.memtrace.log.LogHeader;
import java.util.Arrays;

/**
 * Where the pages of the latest accesses lie, found by a few bits of a packed log header. Holds
 * only pages that exist; what is not here may exist nevertheless.
 *
 * <p>The arrays are open to the replay loops of this package, which keep them in registers.
 */
final class PageCache {
  private static final int SLOTS = 1 << 12;

  /** The key of each slot's page; no header has the key -1. */
  final long[] keys = new long[SLOTS];

  /** Byte offset of each slot's page in the memory of its store. */
  final long[] offsets = new long[SLOTS];

  PageCache() {
    clear();
  }

  /** Forgets all pages. */
  void clear() {
    Arrays.fill(keys, -1);
  }

  /** Address space and number of the page of an access's first cell: bits 12 to 59 of a header. */
  static long key(long header) {
    return header << 4 >>> 16;
  }

  static int slot(long key) {
    return (int) (key ^ key >>> 13) & SLOTS - 1;
  }

  /** Remembers the page of an access's first cell, which exists. */
  void put(long header, PageStore pages) {
    long key = key(header);
    int page = pages.find(pages.key(LogHeader.addressSpace(header), LogHeader.pointer(header)));
    int slot = slot(key);
    keys[slot] = key;
    offsets[slot] = pages.offset(page);
  }
}
