// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.replay.Replay;
import java.util.List;

/** A log that a caller replays entry by entry. */
final class ManualReplay {
  private final AccessLog log;

  ManualReplay(AccessLog log) {
    this.log = log;
  }

  List<LogSegment> segments() {
    return log.segments();
  }

  /** Appends an entry and makes room for its record; if that fails, nothing has changed. */
  void append(MemoryLogEntry entry, CompactRecords records) {
    long id = log.append(entry);
    try {
      LogSegment segment = log.segmentOf(id);
      if (records.segments() < log.segments().size()) {
        records.add(segment);
      }
      records.growLast();
    } catch (RuntimeException | Error e) {
      log.retractLast();
      throw e;
    }
  }

  /** Replays the entry that was appended last. */
  void replayLast(Replay replay, CompactRecords records) {
    LogSegment segment = log.segments().getLast();
    replay.replayEntry(segment, segment.entries() - 1, records.last());
  }

  void retractLast() {
    log.retractLast();
  }

  void release() {
    log.release();
  }
}
