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

  void replay(MemoryLogEntry entry, Replay replay, RecordStore records) {
    long id = log.append(entry);
    LogSegment segment = log.segmentOf(id);
    int i = (int) (id - segment.firstEntry());
    if (i == 0) {
      valueWord = 0;
      recordWord = 0;
      records.add(segment, 0);
    }
    long header = segment.header(i);
    int words = LogHeader.recordWords(header);
    replay.replayEntry(
        segment, i, valueWord, records.growLast(recordWord + words, recordWord), recordWord);
    valueWord += LogHeader.valueWords(header);
    recordWord += words;
  }

  void release() {
    log.release();
  }
}
