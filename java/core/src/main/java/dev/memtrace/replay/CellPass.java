// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The pass over cells, behind the pass over blocks: finds the data of each access and writes the
 * row of every split and merge. Does so for the address spaces of one lane and steps over the
 * others.
 */
final class CellPass {
  private static final ValueLayout.OfInt WORD = IntBuffer64.WORD;
  private static final ValueLayout.OfLong PAIR = IntBuffer64.PAIR;

  private final CellMap cells;
  private final PageCache cache = new PageCache();
  private final AdapterRows[] adapters;
  private final Lanes lanes;
  private final int lane;
  private final int limbBits;
  private final int limbMask;
  private final int clockMask;

  /** Byte offset of the next written cell in the values of the current segment. */
  private long in;

  /** Byte offset of the next access's data. */
  private long out;

  CellPass(BufferPool pool, AddressMap initial, Lanes lanes, int lane) {
    MemoryConfig config = initial.config();
    this.cells = new CellMap(pool, initial);
    this.lanes = lanes;
    this.lane = lane;
    this.limbBits = config.rangeMaxBits();
    this.limbMask = (1 << limbBits) - 1;
    this.clockMask = (1 << config.clkMaxBits()) - 1;
    this.adapters = new AdapterRows[config.adapterCount()];
    for (int i = 0; i < adapters.length; i++) {
      adapters[i] = new AdapterRows(pool, 2 << i, lanes.count() > 1);
    }
  }

  CellMap cells() {
    return cells;
  }

  AdapterRows[] adapters() {
    return adapters;
  }

  /**
   * Replays consecutive entries of a log segment, the first of them or those after the last call's.
   *
   * @param segment the segment
   * @param from first entry
   * @param to one past the last entry
   * @param events the splits and merges of these entries
   * @param data receives the cells of each access as they were before it; for an immediate, its
   *     value
   */
  void replay(LogSegment segment, int from, int to, BlockEvents events, MemorySegment data) {
    if (from == 0) {
      in = 0;
      out = 0;
    }
    int event = 0;
    int i = from;
    while (i < to) {
      int stop = event < events.size() ? events.entry(event) : to;
      i = replayUntil(segment, i, stop, data);
      if (i < to) {
        event = addRows(events, event, segment);
        i = replayUntil(segment, i, i + 1, data);
      }
    }
  }

  private int replayUntil(LogSegment segment, int from, int to, MemorySegment data) {
    int i = from;
    while (i < to) {
      i = replayCellsOf4(segment, i, to, data);
      if (i < to) {
        replayOther(segment, i, data);
        i++;
      }
      i = stepOverOthers(segment, i, to);
    }
    return i;
  }

  /**
   * Steps over accesses of other lanes.
   *
   * @return the first entry that is something else, or {@code to}
   */
  private int stepOverOthers(LogSegment segment, int from, int to) {
    int i = from;
    while (i < to && lanes.isOther(segment.header(i), lane)) {
      step(segment.header(i));
      i++;
    }
    return i;
  }

  private void step(long header) {
    in += 4L * LogHeader.valueWords(header);
    out += 4L * LogHeader.size(header);
  }

  /**
   * Replays aligned accesses of 4 cells, and steps over clock increments.
   *
   * @return the first entry that is something else, or {@code to}
   */
  private int replayCellsOf4(LogSegment segment, int from, int to, MemorySegment data) {
    MemorySegment headers = segment.headers();
    MemorySegment values = segment.values();
    MemorySegment memory = cells.pages().memory();
    long[] keys = cache.keys;
    long[] offsets = cache.offsets;
    long source = in;
    long target = out;
    int i = from;
    for (; i < to; i++) {
      long header = headers.get(LogSegment.HEADER, 8L * i);
      if (!LogHeader.isAligned4(header)) {
        if (!LogHeader.isIncrement(header)) {
          break;
        }
        continue;
      }
      long key = PageCache.key(header);
      int slot = PageCache.slot(key);
      if (keys[slot] != key) {
        break;
      }
      long cell = offsets[slot] + ((header & BlockMap.PAGE_MASK) << 2);
      data.set(PAIR, target, memory.get(PAIR, cell));
      data.set(PAIR, target + 8, memory.get(PAIR, cell + 8));
      if (header < 0) {
        memory.set(PAIR, cell, values.get(PAIR, source));
        memory.set(PAIR, cell + 8, values.get(PAIR, source + 8));
        source += 16;
      }
      target += 16;
    }
    in = source;
    out = target;
    return i;
  }

  /** Replays one access of any kind, if it is of this lane. */
  private void replayOther(LogSegment segment, int i, MemorySegment data) {
    long header = segment.header(i);
    if (!lanes.isOther(header, lane)) {
      int space = LogHeader.addressSpace(header);
      int pointer = LogHeader.pointer(header);
      if (space == 0) {
        data.set(WORD, out, pointer);
      } else {
        int n = LogHeader.size(header);
        cells.read(space, pointer, n, data, out);
        if (header < 0) {
          cells.write(space, pointer, n, segment.values(), in);
        }
        cache.put(header, cells.pages());
      }
    }
    step(header);
  }

  /**
   * Writes the rows of the events of one entry.
   *
   * @return the first event of a later entry
   */
  private int addRows(BlockEvents events, int from, LogSegment segment) {
    int entry = events.entry(from);
    int event = from;
    while (event < events.size() && events.entry(event) == entry) {
      addRow(events, event, (int) (segment.firstEntry() + entry));
      event++;
    }
    return event;
  }

  /**
   * Writes the rows of the finalisation pass.
   *
   * @param events all of them happen at once
   */
  void finish(BlockEvents events) {
    for (int event = 0; event < events.size(); event++) {
      addRow(events, event, 0);
    }
  }

  private void addRow(BlockEvents events, int event, int origin) {
    int logSize = events.logSize(event);
    int n = 1 << logSize;
    AdapterRows rows = adapters[logSize - 1];
    long at = rows.add(origin);
    MemorySegment row = rows.memory();
    int left = events.left(event);
    int right = events.right(event);
    int difference = right - left - 1 & clockMask;
    row.set(WORD, at, 1);
    row.set(WORD, at + 4 * AccessAdapterAir.IS_SPLIT, events.isSplit(event));
    row.set(WORD, at + 4 * AccessAdapterAir.SPACE, events.addressSpace(event));
    row.set(WORD, at + 4 * AccessAdapterAir.POINTER, events.pointer(event));
    cells.read(
        events.addressSpace(event),
        events.pointer(event),
        n,
        row,
        at + 4 * AccessAdapterAir.VALUES);
    long tail = at + 4L * AccessAdapterAir.leftTimestamp(n);
    row.set(WORD, tail, left);
    row.set(WORD, tail + 4, right);
    row.set(WORD, tail + 8, left < right ? 1 : 0);
    row.set(WORD, tail + 12, difference & limbMask);
    row.set(WORD, tail + 16, difference >>> limbBits);
  }

  void release() {
    cache.clear();
    cells.pages().release();
    for (AdapterRows rows : adapters) {
      rows.release();
    }
  }
}
