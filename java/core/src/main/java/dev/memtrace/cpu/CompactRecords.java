// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.backend.WordStream;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.Stages;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.replay.ReplayedWords;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The records of a log in native memory: of each access what the log does not hold, its previous
 * timestamp and the cells before it. The rest of a record is taken from the log when somebody asks
 * for it. Not thread-safe while segments are added.
 */
final class CompactRecords {
  private static final ValueLayout.OfInt WORD = IntBuffer64.WORD;

  /** Segments written at a time at most; each takes a buffer of some MB. */
  private static final int MOST_TOGETHER = 8;

  private final BufferPool pool;
  private final Stages stages;
  private final List<LogSegment> segments = new ArrayList<>();
  private final List<IntBuffer64> previous = new ArrayList<>();
  private final List<IntBuffer64> data = new ArrayList<>();
  private boolean released;

  CompactRecords(BufferPool pool, Stages stages) {
    this.pool = pool;
    this.stages = stages;
  }

  /** Makes room for the records of the next segment. */
  void add(LogSegment segment) {
    IntBuffer64 timestamps = new IntBuffer64(pool, segment.accesses());
    try {
      data.add(new IntBuffer64(pool, segment.dataWords()));
    } catch (RuntimeException | Error e) {
      timestamps.release();
      throw e;
    }
    previous.add(timestamps);
    segments.add(segment);
  }

  /** Makes room for the records of the last segment, which has grown. */
  void growLast() {
    LogSegment segment = segments.getLast();
    grow(previous.getLast(), segment.accesses());
    grow(data.getLast(), segment.dataWords());
  }

  private static void grow(IntBuffer64 buffer, long words) {
    buffer.ensure(words, Math.min(words, buffer.capacity()));
  }

  /** What the replay fills of the last segment. */
  ReplayedWords last() {
    return words(segments.size() - 1);
  }

  /** What the replay fills, segment by segment. */
  List<ReplayedWords> words() {
    List<ReplayedWords> words = new ArrayList<>();
    for (int i = 0; i < segments.size(); i++) {
      words.add(words(i));
    }
    return words;
  }

  private ReplayedWords words(int i) {
    return new ReplayedWords(previous.get(i).segment(), data.get(i).segment());
  }

  int segments() {
    return segments.size();
  }

  LogSegment segment(int i) {
    return segments.get(i);
  }

  /** The previous timestamp of each access of a segment. */
  MemorySegment previousTimestamps(int i) {
    return previous.get(i).segment();
  }

  /** Number of records of all segments. */
  long accesses() {
    return segments.stream().mapToLong(LogSegment::accesses).sum();
  }

  /**
   * The records of all segments in log order, valid until {@link #release()}.
   *
   * @param workers threads that write some segments at a time, which the reader then gets in turn
   */
  WordStream view(Workers workers) {
    return new WordStream() {
      @Override
      public long words() {
        checkOpen();
        return segments.stream().mapToLong(LogSegment::recordWords).sum();
      }

      @Override
      public void forEachChunk(Consumer<MemorySegment> visitor) {
        checkOpen();
        long most = segments.stream().mapToLong(LogSegment::recordWords).max().orElse(0);
        int together = Math.min(segments.size(), Math.min(workers.threads(), MOST_TOGETHER));
        List<IntBuffer64> buffers = new ArrayList<>();
        try {
          for (int i = 0; i < together; i++) {
            buffers.add(new IntBuffer64(pool, most));
          }
          for (int first = 0; first < segments.size(); first += together) {
            visitSome(first, Math.min(together, segments.size() - first), buffers, visitor);
          }
        } finally {
          buffers.forEach(IntBuffer64::release);
        }
      }

      private void visitSome(
          int first, int count, List<IntBuffer64> buffers, Consumer<MemorySegment> visitor) {
        try (Stages.Span span = stages.open(Stage.RECORDS)) {
          workers.forRange(
              count,
              1,
              (from, to) -> {
                for (int i = (int) from; i < to; i++) {
                  writer(first + i, buffers.get(i).segment()).write();
                }
              });
          for (int i = 0; i < count; i++) {
            span.addBytes(recordBytes(first + i));
          }
        }
        for (int i = 0; i < count; i++) {
          visitor.accept(buffers.get(i).segment().asSlice(0, recordBytes(first + i)).asReadOnly());
        }
      }

      @Override
      public void close() {
        // The records belong to the session.
      }
    };
  }

  private RecordWriter writer(int i, MemorySegment out) {
    return new RecordWriter(segments.get(i), words(i), out);
  }

  private long recordBytes(int number) {
    return 4 * segments.get(number).recordWords();
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
    int number = LogSegment.indexOfAccess(segments, id);
    LogSegment segment = segments.get(number);
    int i = (int) (id - segment.firstEntry());
    long header = segment.header(i);
    LogSegment.Place place = segment.place(i);
    int n = LogHeader.size(header);
    int[] before = copy(data.get(number).segment(), place.data(), n);
    boolean write = LogHeader.isWrite(header);
    return new MemoryRecord(
        id,
        LogHeader.addressSpace(header),
        LogHeader.pointer(header),
        place.timestamp(),
        previous.get(number).get(place.accesses()),
        write ? copy(segment.values(), place.values(), n) : before,
        write ? before : null);
  }

  private static int[] copy(MemorySegment words, int from, int n) {
    int[] out = new int[n];
    MemorySegment.copy(words, WORD, 4L * from, out, 0, n);
    return out;
  }

  private void checkOpen() {
    if (released) {
      throw new IllegalStateException("the records were released with their controller");
    }
  }

  /** Gives all memory back to the pool. */
  void release() {
    released = true;
    for (List<IntBuffer64> buffers : List.of(previous, data)) {
      buffers.forEach(IntBuffer64::release);
      buffers.clear();
    }
    segments.clear();
  }
}
