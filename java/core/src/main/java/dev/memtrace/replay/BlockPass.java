// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.PageStore;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The pass over blocks: finds each access's previous timestamp, keeps the partition of memory into
 * blocks, and notes every split and merge. Values play no part in it. Does so for the address
 * spaces of one lane and steps over the others.
 *
 * <p>Nearly every access of a real log is an aligned one of 4 cells that meets a block of exactly
 * its range; that takes one look at one state. Everything else is left to {@link BlockMap}.
 */
final class BlockPass {
  private static final ValueLayout.OfInt WORD = BlockMap.WORD;

  private final BlockMap blocks;
  private final PageCache cache = new PageCache();
  private final int initialBlockSize;
  private final Lanes lanes;
  private final int lane;

  /** Timestamp of the next entry. */
  private int now;

  /** Accesses of the current segment so far, those of other lanes included. */
  private int accesses;

  BlockPass(BufferPool pool, MemoryMode mode, MemoryConfig config, Lanes lanes, int lane) {
    this.blocks = new BlockMap(pool, mode, config);
    this.initialBlockSize = mode.initialBlockSize();
    this.lanes = lanes;
    this.lane = lane;
  }

  BlockMap blocks() {
    return blocks;
  }

  /**
   * Replays consecutive entries of a log segment, the first of them or those after the last call's.
   *
   * @param segment the segment
   * @param from first entry
   * @param to one past the last entry
   * @param previous receives the previous timestamp of each access, a word each
   * @param events receives splits and merges
   * @return the first entry that is left: {@code to}, or less if there were many events
   */
  int replay(LogSegment segment, int from, int to, MemorySegment previous, BlockEvents events) {
    if (from == 0) {
      now = segment.firstTimestamp();
      accesses = 0;
    }
    blocks.noteInto(events);
    int i = from;
    while (i < to && !events.isFull()) {
      i = replayBlocksOf4(segment, i, to, previous);
      if (i < to) {
        replayOther(segment, i, previous);
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
      accesses++;
      now++;
      i++;
    }
    return i;
  }

  /**
   * Replays aligned accesses of 4 cells that meet a block of exactly their range, and steps over
   * clock increments.
   *
   * @return the first entry that is something else, or {@code to}
   */
  private int replayBlocksOf4(LogSegment segment, int from, int to, MemorySegment previous) {
    MemorySegment headers = segment.headers();
    MemorySegment states = blocks.pages().memory();
    long[] keys = cache.keys;
    long[] offsets = cache.offsets;
    long target = 4L * accesses;
    int state4 = BlockMap.blockState(now, 2);
    int i = from;
    for (; i < to; i++) {
      long header = headers.get(LogSegment.HEADER, 8L * i);
      if (!LogHeader.isAligned4(header)) {
        if (!LogHeader.isIncrement(header)) {
          break;
        }
        state4 += (int) header << BlockMap.TIMESTAMP_SHIFT;
        continue;
      }
      long key = PageCache.key(header);
      int slot = PageCache.slot(key);
      if (keys[slot] != key) {
        break;
      }
      long cell = offsets[slot] + ((header & BlockMap.PAGE_MASK) << 2);
      int state = states.get(WORD, cell);
      if (BlockMap.logSize(state) != 2) {
        break;
      }
      states.set(WORD, cell, state4);
      previous.set(WORD, target, BlockMap.timestamp(state));
      target += 4;
      state4 += 1 << BlockMap.TIMESTAMP_SHIFT;
    }
    accesses = (int) (target >>> 2);
    now = BlockMap.timestamp(state4);
    return i;
  }

  /** Replays one access of any kind, if it is of this lane. */
  private void replayOther(LogSegment segment, int i, MemorySegment previous) {
    long header = segment.header(i);
    if (!lanes.isOther(header, lane)) {
      int space = LogHeader.addressSpace(header);
      int timestamp = 0;
      if (space != 0) {
        int pointer = LogHeader.pointer(header);
        int before = blocks.touch(i, space, pointer, LogHeader.logSize(header), now);
        timestamp = BlockMap.timestamp(before);
        cache.put(header, blocks.pages());
      }
      previous.set(WORD, 4L * accesses, timestamp);
    }
    accesses++;
    now++;
  }

  /**
   * Brings the touched blocks of a page to the mode's initial size, in ascending order of
   * addresses.
   *
   * @param key key of a page
   * @param events receives splits and merges
   */
  void finishPage(long key, BlockEvents events) {
    blocks.noteInto(events);
    int logSize = Integer.numberOfTrailingZeros(initialBlockSize);
    int untouched = blocks.untouched();
    PageStore pages = blocks.pages();
    int space = pages.addressSpace(key);
    int first = pages.firstPointer(key);
    long states = pages.offset(pages.find(key));
    for (int i = 0; i < BlockMap.PAGE_SIZE; i += initialBlockSize) {
      int state = pages.memory().get(WORD, states + 4L * i);
      if (state != untouched && BlockMap.logSize(state) != logSize) {
        blocks.unite(space, first + i, logSize);
      }
    }
  }

  void release() {
    cache.clear();
    blocks.pages().release();
  }
}
