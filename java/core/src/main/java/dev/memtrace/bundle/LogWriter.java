// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes an access log as the bundle format has it. */
final class LogWriter implements AutoCloseable {
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int INCREMENT = 2;
  private static final long PIECE_BYTES = 1L << 20;

  /** Room for the longest entry: a write of 32 cells. */
  private static final long LONGEST_BYTES = 4L * (4 + 32);

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment piece = arena.allocate(PIECE_BYTES);
  private final OutputFile file;
  private long used;

  private LogWriter(OutputFile file) {
    this.file = file;
  }

  static void write(AccessLog log, OutputFile file) {
    try (LogWriter writer = new LogWriter(file)) {
      log.segments().forEach(writer::append);
      writer.flush();
    }
  }

  private void append(LogSegment segment) {
    int value = 0;
    for (int i = 0; i < segment.entries(); i++) {
      if (used > PIECE_BYTES - LONGEST_BYTES) {
        flush();
      }
      long header = segment.header(i);
      if (LogHeader.isIncrement(header)) {
        put(INCREMENT);
        put(LogHeader.pointer(header));
        continue;
      }
      put(LogHeader.isWrite(header) ? WRITE : READ);
      put(LogHeader.addressSpace(header));
      put(LogHeader.pointer(header));
      put(LogHeader.size(header));
      int cells = LogHeader.valueWords(header);
      MemorySegment.copy(segment.values(), 4L * value, piece, used, 4L * cells);
      used += 4L * cells;
      value += cells;
    }
  }

  private void put(int word) {
    piece.set(IntBuffer64.WORD, used, word);
    used += 4;
  }

  private void flush() {
    file.write(piece.asSlice(0, used));
    used = 0;
  }

  @Override
  public void close() {
    arena.close();
  }
}
