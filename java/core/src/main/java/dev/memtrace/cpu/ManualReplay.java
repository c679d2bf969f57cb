// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.replay.Replay;
import java.util.List;

/** A log that a caller replays entry by entry. */
final class ManualReplay {
  private final AccessLog log;
  private int valueWord;
  private long recordWord;

  ManualReplay(AccessLog log) {
    this.log = log;
  }

  List<LogSegment> segments() {
    return log.segments();
  }

  /** Appends an entry and makes room for its record; if that fails, nothing has changed. */
  void append(MemoryLogEntry entry, RecordStore records) {
    long id = log.append(entry);
    try {
      LogSegment segment = log.segmentOf(id);
      if (id == segment.firstEntry()) {
        valueWord = 0;
        recordWord = 0;
        if (records.segments() < log.segments().size()) {
          records.add(segment, 0);
        }
      }
      int words = LogHeader.recordWords(segment.header((int) (id - segment.firstEntry())));
      records.growLast(recordWord + words, recordWord);
    } catch (RuntimeException | Error e) {
      log.retractLast();
      throw e;
    }
  }

  /** Replays the entry that was appended last. */
  void replayLast(Replay replay, RecordStore records) {
    LogSegment segment = log.segments().getLast();
    int i = segment.entries() - 1;
    replay.replayEntry(segment, i, valueWord, records.last(), recordWord);
    valueWord += LogHeader.valueWords(segment.header(i));
    recordWord += LogHeader.recordWords(segment.header(i));
  }

  void retractLast() {
    log.retractLast();
  }

  void release() {
    log.release();
  }
}
