// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.controller.MemoryController;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import java.lang.foreign.MemorySegment;

/** Makes the accesses of a log once more, as an executor would: a few thousand in a call. */
final class LogDriver {
  private static final int SLICE = 4096;
  private static final int LARGEST = 32;

  private final MemoryController memory;
  private final int[] buffer = new int[LARGEST];
  private long[] headers = new long[0];
  private int[] values = new int[0];
  private int nextValue;
  private int sum;

  LogDriver(MemoryController memory) {
    this.memory = memory;
  }

  /** Makes all accesses; returns the nanoseconds that they took, reading the log apart. */
  long drive(AccessLog log) {
    long nanos = 0;
    for (LogSegment segment : log.segments()) {
      load(segment);
      long start = System.nanoTime();
      for (int from = 0; from < segment.entries(); from += SLICE) {
        access(from, Math.min(segment.entries(), from + SLICE));
      }
      nanos += System.nanoTime() - start;
    }
    return nanos;
  }

  /** Something that depends on every value that was read, so that none is left out. */
  int sum() {
    return sum;
  }

  private void load(LogSegment segment) {
    if (headers.length < segment.entries()) {
      headers = new long[segment.entries()];
    }
    if (values.length < segment.valueWords()) {
      values = new int[segment.valueWords()];
    }
    MemorySegment.copy(segment.headers(), LogSegment.HEADER, 0, headers, 0, segment.entries());
    MemorySegment.copy(segment.values(), LogSegment.CELL, 0, values, 0, segment.valueWords());
    nextValue = 0;
  }

  private void access(int from, int to) {
    long[] entries = headers;
    int[] written = values;
    int[] out = buffer;
    int value = nextValue;
    int mixed = sum;
    for (int i = from; i < to; i++) {
      long header = entries[i];
      int pointer = LogHeader.pointer(header);
      int space = LogHeader.addressSpace(header);
      int n = LogHeader.size(header);
      if (!LogHeader.isWriteOrIncrement(header)) {
        memory.read(space, pointer, n, out, 0);
        mixed += sum(out, n);
      } else if (space == 0) {
        memory.incrementTimestampBy(pointer);
      } else {
        memory.write(space, pointer, n, written, value, out, 0);
        mixed += sum(out, n);
        value += n;
      }
    }
    nextValue = value;
    sum = mixed;
  }

  private static int sum(int[] cells, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) {
      sum += cells[i];
    }
    return sum;
  }
}
