// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.trace;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.HostTraceMatrix;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;

/** What all row-major traces share. */
public final class Traces {
  private Traces() {}

  /**
   * Wraps a filled buffer.
   *
   * @param pool pool of the buffer
   * @param buffer row-major canonical cells
   * @param height rows
   * @param width columns
   * @return the trace, which owns the buffer
   */
  public static TraceMatrix matrix(BufferPool pool, MemorySegment buffer, long height, int width) {
    return new HostTraceMatrix(
        pool, buffer, height, width, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
  }

  /**
   * Returns a buffer of at least the given size.
   *
   * @param pool where it comes from
   * @param height rows
   * @param width columns
   * @return a buffer of arbitrary content
   */
  public static MemorySegment acquire(BufferPool pool, long height, int width) {
    return pool.acquire(Math.multiplyExact(Math.multiplyExact(height, (long) width), 4L));
  }

  /**
   * Zeroes the rows behind the used ones.
   *
   * @param buffer row-major cells
   * @param usedRows rows to keep
   * @param height rows in all
   * @param width columns
   */
  public static void pad(MemorySegment buffer, long usedRows, long height, int width) {
    buffer.asSlice(4L * width * usedRows, 4L * width * (height - usedRows)).fill((byte) 0);
  }

  /**
   * Brings a padded trace to another height.
   *
   * @param pool pool of the buffer
   * @param buffer row-major cells, owned by the caller
   * @param usedRows rows before padding
   * @param oldHeight rows that are valid in the buffer
   * @param height rows wanted
   * @param width columns
   * @return a buffer of the wanted height in place of the given one
   */
  public static MemorySegment resize(
      BufferPool pool,
      MemorySegment buffer,
      long usedRows,
      long oldHeight,
      long height,
      int width) {
    if (height <= oldHeight) {
      return buffer;
    }
    MemorySegment bigger = acquire(pool, height, width);
    MemorySegment.copy(buffer, 0, bigger, 0, 4L * width * usedRows);
    pad(bigger, usedRows, height, width);
    pool.release(buffer);
    return bigger;
  }
}
