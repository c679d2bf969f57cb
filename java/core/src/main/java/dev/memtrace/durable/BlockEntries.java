// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.durable.BlockSink.IllegalBlockException;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.AccessRejectedException;
import java.nio.ByteBuffer;

/** Reads the entries of a block. */
final class BlockEntries {
  private final LogFrame frame;
  private final ByteBuffer bytes;
  private final AccessLog log;
  private final int[] values = new int[LogFileFormat.MAX_ACCESS];

  /** Written cells that were used. */
  private int used;

  private BlockEntries(LogFrame frame, ByteBuffer bytes, AccessLog log) {
    this.frame = frame;
    this.bytes = bytes;
    this.log = log;
  }

  /** Appends the entries to a log, which checks each. */
  static void append(LogFrame frame, ByteBuffer bytes, AccessLog log) {
    new BlockEntries(frame, bytes, log).appendAll();
  }

  private void appendAll() {
    for (int i = 0; i < frame.entries(); i++) {
      try {
        append(bytes.getLong(LogFileFormat.FRAME_BYTES + LogFileFormat.ENTRY_BYTES * i));
      } catch (AccessRejectedException | IllegalBlockException e) {
        throw new IllegalBlockException(
            "entry " + (frame.firstEntry() + i) + ": " + e.getMessage(), e);
      }
    }
    if (used != frame.cells()) {
      throw new IllegalBlockException(
          "its writes have " + used + " cells, and it has " + frame.cells());
    }
  }

  private void append(long word) {
    int space = LogFileFormat.addressSpace(word);
    int pointer = LogFileFormat.pointer(word);
    int logSize = LogFileFormat.logSize(word);
    if (LogFileFormat.top(word) && space == 0) {
      if (logSize != 0) {
        throw new IllegalBlockException("a clock increment has a size");
      }
      log.appendIncrement(pointer);
    } else if (LogFileFormat.top(word)) {
      log.appendWrite(space, pointer, takeValues(1 << logSize), values, 0);
    } else {
      log.appendRead(space, pointer, 1 << logSize);
    }
  }

  private int takeValues(int n) {
    if (n <= LogFileFormat.MAX_ACCESS) { // more are refused by the log before it looks at them
      if (n > frame.cells() - used) {
        throw new IllegalBlockException(
            "a write of " + n + " cells, and the block has " + (frame.cells() - used) + " left");
      }
      int at =
          LogFileFormat.FRAME_BYTES
              + LogFileFormat.ENTRY_BYTES * frame.entries()
              + LogFileFormat.CELL_BYTES * used;
      for (int i = 0; i < n; i++) {
        values[i] = bytes.getInt(at + LogFileFormat.CELL_BYTES * i);
      }
      used += n;
    }
    return n;
  }
}
