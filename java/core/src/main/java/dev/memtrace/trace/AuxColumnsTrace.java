// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.trace;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.periphery.MemoryReadOrImmediateAuxCols;
import dev.memtrace.periphery.RangeTally;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Auxiliary columns of every access of a log segment, from its previous timestamps. */
public final class AuxColumnsTrace {
  private static final ValueLayout.OfInt WORD = IntBuffer64.WORD;
  private static final ValueLayout.OfLong PAIR = IntBuffer64.PAIR;

  private AuxColumnsTrace() {}

  /**
   * Fills the columns and counts their range checks.
   *
   * @param config configuration of the memory
   * @param segment the log segment
   * @param previous the previous timestamp of each access in log order, a word each
   * @param tally receives the range checks
   * @param out receives five words an access, from the first word
   */
  public static void fill(
      MemoryConfig config,
      LogSegment segment,
      MemorySegment previous,
      RangeTally tally,
      MemorySegment out) {
    MemorySegment headers = segment.headers();
    int limbBits = config.rangeMaxBits();
    int limbMask = (1 << limbBits) - 1;
    int clockBits = config.clkMaxBits();
    int entries = segment.entries();
    int knownSpace = 0;
    int knownInverse = 0;
    int timestamp = segment.firstTimestamp();
    long access = 0;
    long at = 0;
    for (int i = 0; i < entries; i++) {
      long header = headers.get(LogSegment.HEADER, 8L * i);
      if (LogHeader.isIncrement(header)) {
        timestamp += LogHeader.pointer(header);
        continue;
      }
      int prevTimestamp = previous.get(WORD, access);
      access += 4;
      int difference = timestamp - prevTimestamp - 1;
      timestamp++;
      tally.limbs(difference, clockBits);
      int space = LogHeader.addressSpace(header);
      if (space != knownSpace) {
        knownSpace = space;
        knownInverse = space == 0 ? 0 : BabyBear.inverse(space);
      }
      out.set(PAIR, at, prevTimestamp | (long) (difference & limbMask) << 32);
      out.set(PAIR, at + 8, (difference >>> limbBits) | (space == 0 ? 1L << 32 : 0));
      out.set(WORD, at + 16, knownInverse);
      at += 4L * MemoryReadOrImmediateAuxCols.WIDTH;
    }
  }

  /**
   * Counts the range checks of the columns.
   *
   * @param config configuration of the memory
   * @param segment the log segment
   * @param previous the previous timestamp of each access in log order, a word each
   * @param tally receives the range checks
   */
  public static void count(
      MemoryConfig config, LogSegment segment, MemorySegment previous, RangeTally tally) {
    MemorySegment headers = segment.headers();
    int clockBits = config.clkMaxBits();
    int entries = segment.entries();
    int timestamp = segment.firstTimestamp();
    long access = 0;
    for (int i = 0; i < entries; i++) {
      long header = headers.get(LogSegment.HEADER, 8L * i);
      if (!LogHeader.isIncrement(header)) {
        tally.limbs(timestamp - previous.get(WORD, access) - 1, clockBits);
        access += 4;
      }
      timestamp += LogHeader.ticks(header);
    }
  }
}
