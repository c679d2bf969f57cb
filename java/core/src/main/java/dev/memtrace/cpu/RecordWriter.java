// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.replay.ReplayedWords;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Writes the records of one log segment as the record format has them: of each access its id,
 * timestamp, previous timestamp and number of cells, then the cells of a write, then those before
 * it.
 */
final class RecordWriter {
  private static final ValueLayout.OfInt WORD = IntBuffer64.WORD;
  private static final ValueLayout.OfLong PAIR = IntBuffer64.PAIR;
  private static final long HEAD_BYTES = 16;
  private static final long BYTES_OF_4 = 16;

  private final MemorySegment headers;
  private final MemorySegment written;
  private final MemorySegment previous;
  private final MemorySegment before;
  private final MemorySegment out;

  /** Number of accesses that are left. */
  private int left;

  /** Id of the next entry. */
  private int id;

  /** Timestamp of the next entry. */
  private int now;

  private long headerAt;
  private long writtenAt;
  private long previousAt;
  private long beforeAt;
  private long outAt;

  /**
   * Creates a writer.
   *
   * @param segment the log segment
   * @param words what the replay has added to it
   * @param out receives the records
   */
  RecordWriter(LogSegment segment, ReplayedWords words, MemorySegment out) {
    this.headers = segment.headers();
    this.written = segment.values();
    this.previous = words.previous();
    this.before = words.data();
    this.out = out;
    this.left = segment.accesses();
    this.id = (int) segment.firstEntry();
    this.now = segment.firstTimestamp();
  }

  void write() {
    while (left > 0) {
      writeAccessesOf4();
      if (left > 0) {
        writeOthers();
      }
    }
  }

  /**
   * Writes accesses of 4 cells up to the first entry that is something else.
   *
   * <p>Every buffer is looked at in every round, at a place that grows evenly where it can, and the
   * number of rounds leaves room in each: so the JIT compiler checks what it can once, before the
   * first round, and is never wrong. Hence cells of a write are stored for reads as well, where the
   * cells before the access then overwrite them.
   */
  private void writeAccessesOf4() {
    int rounds = (int) Math.min(left, (before.byteSize() - beforeAt) / BYTES_OF_4);
    MemorySegment values = written.byteSize() < BYTES_OF_4 ? before : written;
    long lastValues = values.byteSize() - BYTES_OF_4;
    long valuesAt = writtenAt;
    long to = outAt;
    int round = 0;
    for (; round < rounds; round++) {
      long header = headers.get(LogSegment.HEADER, headerAt + 8L * round);
      if (!isAccessOf4(header)) {
        break;
      }
      long timestamp = previous.get(WORD, previousAt + 4L * round);
      out.set(PAIR, to, (id + round & 0xFFFF_FFFFL) | (long) (now + round) << 32);
      out.set(PAIR, to + 8, timestamp | 4L << 32);
      long from = Math.min(valuesAt, lastValues);
      out.set(PAIR, to + HEAD_BYTES, values.get(PAIR, from));
      out.set(PAIR, to + HEAD_BYTES + 8, values.get(PAIR, from + 8));
      long more = header >>> 63 << 4;
      valuesAt += more;
      to += HEAD_BYTES + more;
      long cells = beforeAt + BYTES_OF_4 * round;
      out.set(PAIR, to, before.get(PAIR, cells));
      out.set(PAIR, to + 8, before.get(PAIR, cells + 8));
      to += BYTES_OF_4;
    }
    writtenAt = valuesAt;
    outAt = to;
    left -= round;
    id += round;
    now += round;
    headerAt += 8L * round;
    previousAt += 4L * round;
    beforeAt += BYTES_OF_4 * round;
  }

  /** Writes the records of one or more entries of any kind, up to an access of 4 cells. */
  private void writeOthers() {
    int accesses = left;
    int entry = id;
    int timestamp = now;
    long entryAt = headerAt;
    long valuesAt = writtenAt;
    long timestampAt = previousAt;
    long cellsAt = beforeAt;
    long to = outAt;
    long header = headers.get(LogSegment.HEADER, entryAt);
    do {
      if (LogHeader.isIncrement(header)) {
        timestamp += LogHeader.pointer(header);
      } else {
        int n = LogHeader.size(header);
        out.set(PAIR, to, (entry & 0xFFFF_FFFFL) | (long) timestamp << 32);
        out.set(PAIR, to + 8, previous.get(WORD, timestampAt) | (long) n << 32);
        to += HEAD_BYTES;
        if (header < 0) {
          copy(written, valuesAt, out, to, n);
          valuesAt += 4L * n;
          to += 4L * n;
        }
        copy(before, cellsAt, out, to, n);
        cellsAt += 4L * n;
        to += 4L * n;
        timestampAt += 4;
        timestamp++;
        accesses--;
      }
      entry++;
      entryAt += 8;
      if (accesses == 0) {
        break;
      }
      header = headers.get(LogSegment.HEADER, entryAt);
    } while (!isAccessOf4(header));
    left = accesses;
    id = entry;
    now = timestamp;
    headerAt = entryAt;
    writtenAt = valuesAt;
    previousAt = timestampAt;
    beforeAt = cellsAt;
    outAt = to;
  }

  private static boolean isAccessOf4(long header) {
    return LogHeader.logSize(header) == 2 && !LogHeader.isIncrement(header);
  }

  /** For the few cells of an access quicker than a call of {@link MemorySegment#copy}. */
  private static void copy(MemorySegment in, long from, MemorySegment out, long to, int n) {
    for (int i = 0; i < n; i++) {
      out.set(WORD, to + 4L * i, in.get(WORD, from + 4L * i));
    }
  }
}
