// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A trace in native memory of this process. */
public final class HostTraceMatrix implements TraceMatrix {
  private static final int TILE = 64;

  private final BufferPool pool;
  private final long height;
  private final int width;
  private final TraceOrder order;
  private final FieldEncoding encoding;
  private @Nullable MemorySegment buffer;

  /**
   * Takes over a filled buffer.
   *
   * @param pool where the buffer goes on {@link #close()}
   * @param buffer a buffer of that pool whose first {@code 4 * height * width} bytes are the trace
   * @param height rows
   * @param width columns
   * @param order order of the cells in the buffer
   * @param encoding encoding of the cells in the buffer
   */
  public HostTraceMatrix(
      BufferPool pool,
      MemorySegment buffer,
      long height,
      int width,
      TraceOrder order,
      FieldEncoding encoding) {
    this.pool = pool;
    this.buffer = buffer;
    this.height = height;
    this.width = width;
    this.order = order;
    this.encoding = encoding;
    Objects.checkFromIndexSize(0, byteSize(), buffer.byteSize());
  }

  /**
   * Makes a trace of cells, for chips that fill theirs in Java.
   *
   * @param cells canonical cells, row after row; copied
   * @param width columns
   * @return a trace in memory of the shared pool
   * @throws IllegalArgumentException if the last row is not whole
   */
  public static HostTraceMatrix copyOf(int[] cells, int width) {
    if (cells.length % width != 0) {
      throw new IllegalArgumentException(
          cells.length + " cells are not whole rows of " + width + " columns");
    }
    BufferPool pool = BufferPool.shared();
    MemorySegment buffer = pool.acquire(Math.max(4L, 4L * cells.length));
    MemorySegment.copy(cells, 0, buffer, IntBuffer64.WORD, 0, cells.length);
    return new HostTraceMatrix(
        pool, buffer, cells.length / width, width, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
  }

  @Override
  public long height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public Location location() {
    return Location.HOST;
  }

  @Override
  public TraceOrder order() {
    return order;
  }

  @Override
  public FieldEncoding encoding() {
    return encoding;
  }

  private MemorySegment open() {
    MemorySegment open = buffer;
    if (open == null) {
      throw new IllegalStateException("this trace matrix is closed");
    }
    return open;
  }

  @Override
  public long address() {
    return open().address();
  }

  @Override
  public MemorySegment segment() {
    return open().asSlice(0, byteSize()).asReadOnly();
  }

  @Override
  public int get(long row, int column) {
    Objects.checkIndex(row, height);
    Objects.checkIndex(column, width);
    int word = open().get(IntBuffer64.WORD, order.index(row, column, height, width) << 2);
    return encoding == FieldEncoding.CANONICAL ? word : BabyBear.fromMontgomery(word);
  }

  @Override
  public void copyTo(MemorySegment target, TraceOrder wantedOrder, FieldEncoding wantedEncoding) {
    MemorySegment source = open();
    Objects.checkFromIndexSize(0, byteSize(), target.byteSize());
    if (wantedOrder == order && wantedEncoding == encoding) {
      MemorySegment.copy(source, 0, target, 0, byteSize());
      return;
    }
    for (long tile = 0; tile < height; tile += TILE) {
      long end = Math.min(height, tile + TILE);
      for (int column = 0; column < width; column++) {
        for (long row = tile; row < end; row++) {
          int word = source.get(IntBuffer64.WORD, order.index(row, column, height, width) << 2);
          long at = wantedOrder.index(row, column, height, width) << 2;
          target.set(IntBuffer64.WORD, at, convert(word, encoding, wantedEncoding));
        }
      }
    }
  }

  private static int convert(int word, FieldEncoding from, FieldEncoding to) {
    if (from == to) {
      return word;
    }
    return to == FieldEncoding.MONTGOMERY
        ? BabyBear.toMontgomery(word)
        : BabyBear.fromMontgomery(word);
  }

  @Override
  public void close() {
    MemorySegment open = buffer;
    if (open != null) {
      buffer = null;
      pool.release(open);
    }
  }
}
