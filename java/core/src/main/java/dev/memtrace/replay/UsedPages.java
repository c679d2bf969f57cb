// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.image.PageStore;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** The pages that a replay used, of all lanes, in ascending order of their keys. */
final class UsedPages {
  private final PageStore naming;
  private final long[] keys;
  private final MemorySegment[] states;
  private final long[] stateOffsets;
  private final MemorySegment[] memory;
  private final long[] offsets;

  UsedPages(List<Lane> lanes) {
    List<PageStore> blocks = lanes.stream().map(lane -> lane.blocks().blocks().pages()).toList();
    List<PageStore> cells = lanes.stream().map(lane -> lane.cells().cells().pages()).toList();
    this.naming = blocks.getFirst();
    int count = blocks.stream().mapToInt(PageStore::size).sum();
    this.keys = new long[count];
    this.states = new MemorySegment[count];
    this.stateOffsets = new long[count];
    this.memory = new MemorySegment[count];
    this.offsets = new long[count];
    long[][] sorted = new long[lanes.size()][];
    int[] next = new int[sorted.length];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = blocks.get(i).sortedKeys();
    }
    for (int at = 0; at < count; at++) {
      int first = -1;
      for (int i = 0; i < sorted.length; i++) {
        if (next[i] < sorted[i].length
            && (first < 0 || sorted[i][next[i]] < sorted[first][next[first]])) {
          first = i;
        }
      }
      keys[at] = sorted[first][next[first]++];
      // An access makes its pages in both stores.
      states[at] = blocks.get(first).memory();
      stateOffsets[at] = offset(blocks.get(first), keys[at]);
      memory[at] = cells.get(first).memory();
      offsets[at] = offset(cells.get(first), keys[at]);
    }
  }

  private static long offset(PageStore pages, long key) {
    return pages.offset(pages.find(key));
  }

  int count() {
    return keys.length;
  }

  long key(int i) {
    return keys[i];
  }

  int addressSpace(int i) {
    return naming.addressSpace(keys[i]);
  }

  int firstPointer(int i) {
    return naming.firstPointer(keys[i]);
  }

  /** Key of the page of a cell. */
  long key(int addressSpace, int pointer) {
    return naming.key(addressSpace, pointer);
  }

  /** Memory that holds the states of a page's cells. */
  MemorySegment states(int i) {
    return states[i];
  }

  /** Where the states of a page begin in their memory. */
  long stateOffset(int i) {
    return stateOffsets[i];
  }

  /** Memory that holds the values of a page's cells. */
  MemorySegment memory(int i) {
    return memory[i];
  }

  /** Where the values of a page begin in their memory. */
  long offset(int i) {
    return offsets[i];
  }

  /** Position of a page, or a negative number if it was not used. */
  int find(long key) {
    return Arrays.binarySearch(keys, key);
  }
}
