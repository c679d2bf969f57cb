// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Rows of an AIR in memory of this process. */
final class Rows {
  private final MemorySegment memory;
  private final long height;
  private final int width;
  private final TraceOrder order;
  private final FieldEncoding encoding;

  /** What the rows are called; null if they are called by their index. */
  private final long @Nullable [] names;

  private Rows(
      MemorySegment memory,
      long height,
      int width,
      TraceOrder order,
      FieldEncoding encoding,
      long @Nullable [] names) {
    this.memory = memory;
    this.height = height;
    this.width = width;
    this.order = order;
    this.encoding = encoding;
    this.names = names;
  }

  /** Rows of a trace, where it lies or in a buffer that {@link Borrowed#close} gives back. */
  static Borrowed of(TraceMatrix matrix, BufferPool pool) {
    if (matrix.location() == TraceMatrix.Location.HOST) {
      Rows rows =
          new Rows(
              matrix.segment(),
              matrix.height(),
              matrix.width(),
              matrix.order(),
              matrix.encoding(),
              null);
      return new Borrowed(rows, () -> {});
    }
    MemorySegment buffer = pool.acquire(Math.max(4, matrix.byteSize()));
    boolean done = false;
    try {
      matrix.copyTo(buffer, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
      done = true;
      return new Borrowed(
          canonical(buffer, matrix.height(), matrix.width(), null), () -> pool.release(buffer));
    } finally {
      if (!done) {
        pool.release(buffer);
      }
    }
  }

  /** Canonical rows, one after the other. */
  static Rows canonical(MemorySegment memory, long height, int width, long @Nullable [] names) {
    return new Rows(memory, height, width, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL, names);
  }

  /** Rows and how to give them back. */
  record Borrowed(Rows rows, Runnable giveBack) implements AutoCloseable {
    @Override
    public void close() {
      giveBack.run();
    }
  }

  long height() {
    return height;
  }

  int width() {
    return width;
  }

  long name(long row) {
    return names == null ? row : names[(int) row];
  }

  private int word(long row, int column) {
    return memory.get(IntBuffer64.WORD, order.index(row, column, height, width) << 2);
  }

  int get(long row, int column) {
    int word = word(row, column);
    return encoding == FieldEncoding.CANONICAL ? word : BabyBear.fromMontgomery(word);
  }

  /**
   * Copies a column of consecutive rows, the row after the last being row 0, in Montgomery form.
   */
  void load(int column, long first, int n, int[] target) {
    long start = first == height ? 0 : first;
    int before = (int) Math.min(n, height - start);
    long step = order == TraceOrder.ROW_MAJOR ? 4L * width : 4;
    long at = order.index(start, column, height, width) << 2;
    for (int i = 0; i < before; i++) {
      target[i] = memory.get(IntBuffer64.WORD, at + i * step);
    }
    for (int i = before; i < n; i++) {
      target[i] = word(start + i - height, column);
    }
    if (encoding == FieldEncoding.CANONICAL) {
      BabyBear.toMontgomery(target, 0, target, 0, n);
    }
  }

  /** Counts the rows in which a column is not 0. */
  long countNonZero(int column, Workers workers) {
    AtomicLong total = new AtomicLong();
    workers.forRange(
        height,
        1 << 14,
        (from, to) -> {
          long count = 0;
          for (long row = from; row < to; row++) {
            count += word(row, column) == 0 ? 0 : 1;
          }
          total.addAndGet(count);
        });
    return total.get();
  }

  /** Counts the rows before the first one in which a column is 0. */
  long leadingNonZero(int column, Workers workers) {
    AtomicLong first = new AtomicLong(height);
    workers.forRange(
        height,
        1 << 14,
        (from, to) -> {
          for (long row = from; row < Math.min(to, first.get()); row++) {
            if (word(row, column) == 0) {
              first.accumulateAndGet(row, Math::min);
            }
          }
        });
    return first.get();
  }

  /** Finds the first word that is not a canonical element, by its place in memory; -1 if none. */
  long firstBadWord(Workers workers) {
    AtomicLong first = new AtomicLong(Long.MAX_VALUE);
    workers.forRange(
        height * width,
        1 << 18,
        (from, to) -> {
          boolean bad = false;
          for (long i = from; i < to; i++) {
            bad |= !BabyBear.isCanonical(memory.get(IntBuffer64.WORD, i << 2));
          }
          for (long i = from; bad && i < to; i++) {
            if (!BabyBear.isCanonical(memory.get(IntBuffer64.WORD, i << 2))) {
              first.accumulateAndGet(i, Math::min);
              return;
            }
          }
        });
    return first.get() == Long.MAX_VALUE ? -1 : first.get();
  }

  /** Row of a word by its place in memory. */
  long rowOfWord(long word) {
    return order == TraceOrder.ROW_MAJOR ? word / width : word % height;
  }

  /** Column of a word by its place in memory. */
  int columnOfWord(long word) {
    return (int) (order == TraceOrder.ROW_MAJOR ? word % width : word / height);
  }

  String valueOfWord(long word) {
    return Integer.toUnsignedString(memory.get(IntBuffer64.WORD, word << 2));
  }
}
