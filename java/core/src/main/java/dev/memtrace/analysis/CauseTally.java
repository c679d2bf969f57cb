// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import dev.memtrace.air.AccessAdapterAir;
import it.unimi.dsi.fastutil.longs.Long2LongMap;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adapter rows by the pair of shapes that makes them, and where. */
final class CauseTally {
  /** Log2 of the cells of a place. */
  private static final int LOG_PLACE = 8;

  private static final int PLACE_BITS = 29 - LOG_PLACE; // pointers are below 2^29
  private static final int SPACE_BITS = 29;

  private final long[] rows;
  private final int adapters;
  private final Long2LongOpenHashMap cellsByPlace = new Long2LongOpenHashMap();

  CauseTally(int adapters) {
    this.adapters = adapters;
    this.rows = new long[AccessShape.NUMBERS * AccessShape.NUMBERS * adapters];
  }

  /** Cells of one row of an adapter. */
  static int width(int adapter) {
    return AccessAdapterAir.width(2 << adapter);
  }

  void add(int adapter, int addressSpace, int pointer, int shape, int before) {
    int pair = shape * AccessShape.NUMBERS + before;
    rows[pair * adapters + adapter]++;
    long place =
        ((((long) pair << SPACE_BITS) | addressSpace) << PLACE_BITS) | (pointer >>> LOG_PLACE);
    cellsByPlace.addTo(place, width(adapter));
  }

  /**
   * The causes in descending order of their cells.
   *
   * @param most how many places are named of each
   */
  List<AdapterCause> causes(int most) {
    Map<Integer, List<AdapterCause.Place>> places = places();
    List<AdapterCause> causes = new ArrayList<>();
    for (int pair = 0; pair < AccessShape.NUMBERS * AccessShape.NUMBERS; pair++) {
      List<AdapterCause.Place> all = places.get(pair);
      if (all != null) {
        all.sort(
            Comparator.comparingLong(AdapterCause.Place::cells)
                .reversed()
                .thenComparingInt(place -> place.range().addressSpace())
                .thenComparingInt(place -> place.range().first()));
        causes.add(cause(pair, all.subList(0, Math.min(most, all.size()))));
      }
    }
    causes.sort(Comparator.comparingLong(AdapterCause::cells).reversed());
    return causes;
  }

  private Map<Integer, List<AdapterCause.Place>> places() {
    Map<Integer, List<AdapterCause.Place>> places = new HashMap<>();
    for (Long2LongMap.Entry entry : cellsByPlace.long2LongEntrySet()) {
      long key = entry.getLongKey();
      int pair = (int) (key >>> (SPACE_BITS + PLACE_BITS));
      int addressSpace = (int) (key >>> PLACE_BITS) & ((1 << SPACE_BITS) - 1);
      int first = ((int) key & ((1 << PLACE_BITS) - 1)) << LOG_PLACE;
      CellRange range = new CellRange(addressSpace, first, first + (1 << LOG_PLACE) - 1);
      places
          .computeIfAbsent(pair, _ -> new ArrayList<>())
          .add(new AdapterCause.Place(range, entry.getLongValue()));
    }
    return places;
  }

  private AdapterCause cause(int pair, List<AdapterCause.Place> places) {
    List<Long> counts = new ArrayList<>();
    long cells = 0;
    for (int i = 0; i < adapters; i++) {
      long count = rows[pair * adapters + i];
      counts.add(count);
      cells += count * width(i);
    }
    return new AdapterCause(
        AccessShape.ofNumber(pair / AccessShape.NUMBERS),
        AccessShape.ofNumber(pair % AccessShape.NUMBERS),
        counts,
        cells,
        places);
  }
}
