// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.replay.Replay;
import java.lang.foreign.MemorySegment;
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

  void replay(MemoryLogEntry entry, Replay replay, RecordStore records) {
    long id = log.append(entry);
    LogSegment segment;
    MemorySegment room;
    int i;
    int words;
    try {
      segment = log.segmentOf(id);
      i = (int) (id - segment.firstEntry());
      words = LogHeader.recordWords(segment.header(i));
      if (i == 0) {
        valueWord = 0;
        recordWord = 0;
        if (records.segments() < log.segments().size()) {
          records.add(segment, 0);
        }
      }
      room = records.growLast(recordWord + words, recordWord);
    } catch (RuntimeException | Error e) {
      log.retractLast();
      throw e;
    }
    replay.replayEntry(segment, i, valueWord, room, recordWord);
    valueWord += LogHeader.valueWords(segment.header(i));
    recordWord += words;
  }

  void release() {
    log.release();
  }
}
