// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.PageStore;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Replays a log entry after entry: finds each access's previous timestamp and data, keeps the
 * partition of memory into blocks, and emits a row for every split and merge. Does so for the
 * address spaces of one lane and steps over the others.
 *
 * <p>Nearly every access of a real log meets a block that is exactly its range; that takes one look
 * at one state. Everything else is left to {@link BlockMap}.
 */
final class Replayer {
  private static final ValueLayout.OfInt WORD = BlockMap.WORD;
  private static final ValueLayout.OfLong PAIR = BlockMap.PAIR;
  private static final long LENGTH_4 = 4L << 32;

  private final BlockMap blocks;
  private final MemoryMode mode;
  private final Lanes lanes;
  private final int lane;
  private final long[] logOrderRows;
  private int now = MemoryConfig.INITIAL_TIMESTAMP + 1;

  /** Byte offset of the next written cell in the values of the current segment. */
  private long in;

  /** Byte offset of the next record of the current segment. */
  private long out;

  /**
   * Creates a replay at time 1.
   *
   * @param pool where memory comes from and returns to
   * @param mode mode of the memory
   * @param initial memory at time 0, which no longer changes; its configuration is legal in that
   *     mode
   * @param lanes which address spaces are replayed in which lane
   * @param lane the lane of this replay
   */
  Replayer(BufferPool pool, MemoryMode mode, AddressMap initial, Lanes lanes, int lane) {
    this.blocks = new BlockMap(pool, mode, initial, lanes.count() > 1);
    this.mode = mode;
    this.lanes = lanes;
    this.lane = lane;
    this.logOrderRows = new long[initial.config().adapterCount()];
  }

  /**
   * Replays consecutive entries of a log segment and writes their records.
   *
   * @param segment the segment
   * @param from first entry
   * @param to one past the last entry
   * @param valueWord where the written cells of the first entry begin in the segment's values
   * @param records receives the records: log index, timestamp, previous timestamp, length, data,
   *     and for a write the previous data
   * @param recordWord where the first record begins in {@code records}
   */
  void replay(
      LogSegment segment, int from, int to, int valueWord, MemorySegment records, long recordWord) {
    in = 4L * valueWord;
    out = 4L * recordWord;
    for (int i = from; i < to; i++) {
      i = replayBlocksOf4(segment, i, to, records);
      if (i < to) {
        replayOther(segment, i, records);
      }
    }
  }

  /**
   * Replays accesses of 4 cells that meet a block of exactly their range, which nearly all do.
   *
   * @return the first entry that is something else, or {@code to}
   */
  private int replayBlocksOf4(LogSegment segment, int from, int to, MemorySegment records) {
    MemorySegment headers = segment.headers();
    MemorySegment values = segment.values();
    PageStore pages = blocks.pages();
    MemorySegment memory = pages.memory();
    Lanes lanes = this.lanes;
    int lane = this.lane;
    long logIndex = segment.firstEntry();
    long source = in;
    long target = out;
    int time = now;
    int i = from;
    for (; i < to; i++) {
      long header = headers.get(LogSegment.HEADER, 8L * i);
      int space = LogHeader.addressSpace(header);
      int pointer = LogHeader.pointer(header);
      if (space == 0 && header < 0) {
        time += pointer;
        continue;
      }
      if (lanes.of(space) != lane) {
        int n = LogHeader.size(header);
        source += 4L * n & header >> 63;
        target += 4L * (4 + (n << (header >>> 63)));
        time++;
        continue;
      }
      int inPage = pointer & BlockMap.PAGE_MASK;
      if (space == 0 || LogHeader.logSize(header) != 2 || inPage > BlockMap.PAGE_SIZE - 4) {
        break;
      }
      int page = pages.find(pages.key(space, pointer));
      if (page < 0) {
        break;
      }
      long cell = pages.offset(page) + 4L * inPage;
      int state = memory.get(WORD, cell + BlockMap.STATES);
      if (BlockMap.logSize(state) != 2) {
        break;
      }
      memory.set(WORD, cell + BlockMap.STATES, BlockMap.blockState(time, 2));
      records.set(PAIR, target, ((logIndex + i) & 0xFFFFFFFFL) | ((long) time << 32));
      records.set(PAIR, target + 8, BlockMap.timestamp(state) | LENGTH_4);
      long old0 = memory.get(PAIR, cell);
      long old1 = memory.get(PAIR, cell + 8);
      if (header < 0) {
        long new0 = values.get(PAIR, source);
        long new1 = values.get(PAIR, source + 8);
        source += 16;
        memory.set(PAIR, cell, new0);
        memory.set(PAIR, cell + 8, new1);
        records.set(PAIR, target + 16, new0);
        records.set(PAIR, target + 24, new1);
        target += 16;
      }
      records.set(PAIR, target + 16, old0);
      records.set(PAIR, target + 24, old1);
      target += 32;
      time++;
    }
    in = source;
    out = target;
    now = time;
    return i;
  }

  /** Replays one access of any kind. */
  private void replayOther(LogSegment segment, int i, MemorySegment records) {
    long header = segment.header(i);
    int space = LogHeader.addressSpace(header);
    int pointer = LogHeader.pointer(header);
    int logSize = LogHeader.logSize(header);
    int n = 1 << logSize;
    int logIndex = (int) (segment.firstEntry() + i);
    int prevTimestamp = 0;
    if (space != 0) {
      prevTimestamp = BlockMap.timestamp(blocks.touch(logIndex, space, pointer, logSize, now));
    }
    records.set(WORD, out, logIndex);
    records.set(WORD, out + 4, now);
    records.set(WORD, out + 8, prevTimestamp);
    records.set(WORD, out + 12, n);
    out += 16;
    now++;
    if (space == 0) {
      records.set(WORD, out, pointer);
      out += 4;
    } else if (header < 0) {
      blocks.exchangeValues(space, pointer, n, segment.values(), in, records, out, out + 4L * n);
      in += 4L * n;
      out += 8L * n;
    } else {
      blocks.readValues(space, pointer, n, records, out);
      out += 4L * n;
    }
  }

  /** Brings every touched block to the mode's initial size, in ascending order of addresses. */
  void finish() {
    for (int i = 0; i < logOrderRows.length; i++) {
      logOrderRows[i] = blocks.adapters()[i].rows();
    }
    int size = mode.initialBlockSize();
    int logSize = Integer.numberOfTrailingZeros(size);
    int untouched = blocks.untouched();
    PageStore pages = blocks.pages();
    for (long key : pages.sortedKeys()) {
      int space = pages.addressSpace(key);
      int first = pages.firstPointer(key);
      long states = pages.offset(pages.find(key)) + BlockMap.STATES;
      for (int i = 0; i < BlockMap.PAGE_SIZE; i += size) {
        int state = pages.memory().get(WORD, states + 4L * i);
        if (state != untouched && BlockMap.logSize(state) != logSize) {
          blocks.unite(space, first + i, logSize);
        }
      }
    }
  }

  BlockMap blocks() {
    return blocks;
  }

  /** How many rows of an adapter come from the log itself, once finished. */
  long logOrderRows(int i) {
    return logOrderRows[i];
  }
}
