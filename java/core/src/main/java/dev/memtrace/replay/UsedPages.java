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
  private final MemorySegment[] memory;
  private final long[] offsets;

  UsedPages(List<BlockMap> lanes) {
    this.naming = lanes.getFirst().pages();
    int count = lanes.stream().mapToInt(lane -> lane.pages().size()).sum();
    this.keys = new long[count];
    this.memory = new MemorySegment[count];
    this.offsets = new long[count];
    long[][] sorted = new long[lanes.size()][];
    int[] next = new int[sorted.length];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = lanes.get(i).pages().sortedKeys();
    }
    for (int at = 0; at < count; at++) {
      int first = -1;
      for (int i = 0; i < sorted.length; i++) {
        if (next[i] < sorted[i].length
            && (first < 0 || sorted[i][next[i]] < sorted[first][next[first]])) {
          first = i;
        }
      }
      PageStore pages = lanes.get(first).pages();
      keys[at] = sorted[first][next[first]++];
      memory[at] = pages.memory();
      offsets[at] = pages.offset(pages.find(keys[at]));
    }
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

  /** Memory that holds a page. */
  MemorySegment memory(int i) {
    return memory[i];
  }

  /** Where the values of a page begin in its memory; its states follow. */
  long offset(int i) {
    return offsets[i];
  }

  /** Position of a page, or a negative number if it was not used. */
  int find(long key) {
    return Arrays.binarySearch(keys, key);
  }
}
