// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The records of a log in native memory of the host, as the device made them, one buffer a log
 * segment. Not thread-safe while segments are added.
 */
final class HostRecords {
  private static final int HEAD = 4;

  private final BufferPool pool;
  private final List<LogSegment> segments = new ArrayList<>();
  private final List<IntBuffer64> buffers = new ArrayList<>();
  private boolean released;

  /**
   * Creates an empty store.
   *
   * @param pool where its memory comes from and returns to
   */
  HostRecords(BufferPool pool) {
    this.pool = pool;
  }

  /**
   * Adds a buffer for the records of the next segment.
   *
   * @param segment the segment
   * @param words words to make room for
   * @return the memory of the buffer, to be filled by the caller
   */
  MemorySegment add(LogSegment segment, long words) {
    IntBuffer64 buffer = new IntBuffer64(pool, words);
    segments.add(segment);
    buffers.add(buffer);
    return buffer.segment();
  }

  private void checkOpen() {
    if (released) {
      throw new IllegalStateException("the records were released with their controller");
    }
  }

  /**
   * Returns one record.
   *
   * @param id position in the log
   * @return the record
   * @throws IllegalArgumentException if the entry is a clock increment
   * @throws IndexOutOfBoundsException if there is no such entry
   */
  MemoryRecord record(long id) {
    checkOpen();
    int low = LogSegment.indexOfAccess(segments, id);
    LogSegment segment = segments.get(low);
    int i = (int) (id - segment.firstEntry());
    long header = segment.header(i);
    MemorySegment words = buffers.get(low).segment();
    int at = segment.recordOffset(i);
    int n = LogHeader.size(header);
    return new MemoryRecord(
        id,
        LogHeader.addressSpace(header),
        LogHeader.pointer(header),
        words.get(IntBuffer64.WORD, 4L * (at + 1)),
        words.get(IntBuffer64.WORD, 4L * (at + 2)),
        copy(words, at + HEAD, n),
        LogHeader.isWrite(header) ? copy(words, at + HEAD + n, n) : null);
  }

  private static int[] copy(MemorySegment words, int from, int n) {
    int[] out = new int[n];
    MemorySegment.copy(words, IntBuffer64.WORD, 4L * from, out, 0, n);
    return out;
  }

  /** Gives all memory back to the pool. */
  void release() {
    released = true;
    buffers.forEach(IntBuffer64::release);
    buffers.clear();
    segments.clear();
  }
}
