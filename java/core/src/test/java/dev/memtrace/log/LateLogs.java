// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;

/** Segments as they would be behind billions of entries, which no machine holds. */
public final class LateLogs {
  private LateLogs() {}

  /**
   * Copies a segment to another place of a log.
   *
   * @param segment a segment that is full or the last one
   * @param firstEntry position in the log of the copy's first entry
   * @param pool where memory comes from
   * @return the copy
   */
  public static LogSegment move(LogSegment segment, long firstEntry, BufferPool pool) {
    LogSegment moved =
        new LogSegment(
            pool,
            segment.entries,
            Math.max(1, segment.valueWords),
            firstEntry,
            segment.firstTimestamp());
    MemorySegment.copy(segment.headers, 0, moved.headers, 0, 8L * segment.entries);
    MemorySegment.copy(segment.values, 0, moved.values, 0, 4L * segment.valueWords);
    moved.entries = segment.entries;
    moved.valueWords = segment.valueWords;
    moved.increments = segment.increments;
    moved.recordWords = segment.recordWords;
    return moved;
  }
}
