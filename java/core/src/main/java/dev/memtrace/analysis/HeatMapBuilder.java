// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts accesses by place and time. A place is a power of two of cells, as small as the number of
 * rows allows; if even whole address spaces are too many, neighbours share a row.
 */
final class HeatMapBuilder {
  private final int logPlace;
  private final Long2IntOpenHashMap rows = new Long2IntOpenHashMap();
  private final List<CellRange> ranges = new ArrayList<>();
  private final int parts;
  private final long entriesPerPart;
  private final long[] counts;

  /**
   * Finds the rows.
   *
   * @param keys keys of the touched chunks, ascending
   * @param addressBits log2 of the cells of an address space
   * @param most how many rows there may be
   */
  HeatMapBuilder(long[] keys, int addressBits, int most, int parts, long entriesPerPart) {
    this.parts = parts;
    this.entriesPerPart = entriesPerPart;
    int bits = TouchedChunkTable.LOG_CHUNK;
    while (bits < addressBits && places(keys, bits) > most) {
      bits++;
    }
    this.logPlace = bits;
    long count = places(keys, bits);
    long perRow = Math.max(1, Math.ceilDiv(count, (long) most));
    long previous = -1;
    long place = 0;
    for (long key : keys) {
      long id = id(key, bits);
      if (id != previous) {
        int row = (int) (place++ / perRow);
        rows.put(id, row);
        extend(row, id);
        previous = id;
      }
    }
    this.counts = new long[ranges.size() * parts];
  }

  private static long id(long key, int bits) {
    return key >>> (bits - TouchedChunkTable.LOG_CHUNK) << (bits - TouchedChunkTable.LOG_CHUNK);
  }

  private static long places(long[] keys, int bits) {
    long count = 0;
    long previous = -1;
    for (long key : keys) {
      long id = id(key, bits);
      count += id == previous ? 0 : 1;
      previous = id;
    }
    return count;
  }

  private void extend(int row, long id) {
    int space = TouchedChunkTable.addressSpace(id);
    int first = TouchedChunkTable.firstPointer(id);
    int last = first + (1 << logPlace) - 1;
    if (row == ranges.size()) {
      ranges.add(new CellRange(space, first, last));
    } else if (ranges.get(row).addressSpace() == space) {
      ranges.set(row, new CellRange(space, ranges.get(row).first(), last));
    }
  }

  void add(long entry, int addressSpace, int pointer) {
    int row = rows.get(id(TouchedChunkTable.key(addressSpace, pointer), logPlace));
    counts[row * parts + (int) (entry / entriesPerPart)]++;
  }

  HeatMap build() {
    return new HeatMap(ranges, parts, counts);
  }
}
