// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;

/**
 * The rows of one access adapter in the order of emission, stored as its trace stores them:
 * row-major and canonical. Room is always a power of two of rows, so that padding needs no copy.
 */
public final class AdapterRows {
  private static final long FIRST_ROOM = 64;

  private final BufferPool pool;
  private final int blockSize;
  private final int rowBytes;
  private IntBuffer64 buffer;
  private MemorySegment memory;
  private long rows;
  private long room = FIRST_ROOM;

  AdapterRows(BufferPool pool, int blockSize) {
    this.pool = pool;
    this.blockSize = blockSize;
    this.rowBytes = 4 * AccessAdapterAir.width(blockSize);
    this.buffer = new IntBuffer64(pool, FIRST_ROOM * AccessAdapterAir.width(blockSize));
    this.memory = buffer.segment();
  }

  /**
   * Returns the size of the parent blocks.
   *
   * @return cells
   */
  public int blockSize() {
    return blockSize;
  }

  /**
   * Returns the number of rows.
   *
   * @return rows
   */
  public long rows() {
    return rows;
  }

  /**
   * Returns the memory that holds the rows, valid until the next row is added.
   *
   * @return rows of {@code 4 * width} bytes
   */
  public MemorySegment memory() {
    return memory;
  }

  /** Adds a row of arbitrary content and returns its byte offset in {@link #memory()}. */
  long add() {
    if (rows == room) {
      room <<= 1;
      memory = buffer.ensure(room * (rowBytes >>> 2), rows * (rowBytes >>> 2));
    }
    return rows++ * rowBytes;
  }

  /**
   * Hands the buffer over as a trace of the given height, whose padding is zeroed here.
   *
   * @param height rows wanted, 0 or a power of two that is at least {@link #rows()}
   * @return a buffer of the pool, owned by the caller; these rows are empty afterwards
   */
  public MemorySegment takeTrace(long height) {
    MemorySegment trace =
        buffer.ensure(Math.multiplyExact(height, rowBytes >>> 2), rows * (rowBytes >>> 2));
    trace.asSlice(rows * rowBytes, (height - rows) * rowBytes).fill((byte) 0);
    buffer = new IntBuffer64(pool, FIRST_ROOM * (rowBytes >>> 2));
    memory = buffer.segment();
    room = FIRST_ROOM;
    rows = 0;
    return trace;
  }

  void release() {
    buffer.release();
  }
}
