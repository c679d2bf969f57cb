// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
  private MemorySegment memory = MemorySegment.NULL;
  private long rows;
  private long room;

  /** Log index of the entry that emitted each row, if rows of several lanes will be merged. */
  private final @Nullable IntBuffer64 origins;

  /** Creates no rows, which need no memory. */
  AdapterRows(BufferPool pool, int blockSize, boolean keepOrigins) {
    this.pool = pool;
    this.origins = keepOrigins ? IntBuffer64.empty(pool) : null;
    this.blockSize = blockSize;
    this.rowBytes = 4 * AccessAdapterAir.width(blockSize);
    this.buffer = IntBuffer64.empty(pool);
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
  long add(int origin) {
    if (rows == room) {
      makeRoom(Math.max(FIRST_ROOM, 2 * room));
    }
    if (origins != null) {
      origins.set(rows, origin);
    }
    return rows++ * rowBytes;
  }

  private void makeRoom(long wanted) {
    memory =
        buffer.ensure(Math.multiplyExact(wanted, (long) (rowBytes >>> 2)), rows * (rowBytes >>> 2));
    if (origins != null) {
      origins.ensure(wanted, rows);
    }
    room = wanted;
  }

  /**
   * Makes room for a trace, so that {@link #takeTrace} cannot fail.
   *
   * @param height rows of the trace, at least {@link #rows()}
   */
  public void reserve(long height) {
    if (room == 0 || height > room) {
      makeRoom(Math.max(FIRST_ROOM, height));
    }
  }

  /**
   * Merges the rows of several lanes: rows of the log by log index, then those of the finalisation
   * pass by address space. No two lanes share an entry or an address space.
   *
   * @param pool where memory comes from
   * @param lanes the rows of each lane, which are released
   * @param logOrderRows how many rows of each lane come from the log
   * @return all rows
   */
  static AdapterRows merge(BufferPool pool, List<AdapterRows> lanes, long[] logOrderRows) {
    AdapterRows merged = new AdapterRows(pool, lanes.getFirst().blockSize, false);
    try {
      merged.append(lanes, logOrderRows);
    } catch (RuntimeException | Error e) {
      merged.release();
      throw e;
    }
    lanes.forEach(AdapterRows::release);
    return merged;
  }

  private void append(List<AdapterRows> lanes, long[] logOrderRows) {
    long[] next = new long[lanes.size()];
    long[] end = logOrderRows.clone();
    append(lanes, next, end, AdapterRows::origin);
    for (int i = 0; i < end.length; i++) {
      end[i] = lanes.get(i).rows;
    }
    append(lanes, next, end, AdapterRows::addressSpace);
  }

  /** By what rows of lanes are merged. */
  @FunctionalInterface
  private interface RowKey {
    long of(AdapterRows rows, long row);
  }

  private void append(List<AdapterRows> lanes, long[] next, long[] end, RowKey order) {
    while (true) {
      int first = -1;
      long least = Long.MAX_VALUE;
      for (int i = 0; i < next.length; i++) {
        if (next[i] < end[i]) {
          long key = order.of(lanes.get(i), next[i]);
          if (key < least) {
            least = key;
            first = i;
          }
        }
      }
      if (first < 0) {
        return;
      }
      long at = add(0);
      MemorySegment.copy(lanes.get(first).memory, next[first]++ * rowBytes, memory, at, rowBytes);
    }
  }

  private long origin(long row) {
    return origins == null ? 0 : Integer.toUnsignedLong(origins.get(row));
  }

  private long addressSpace(long row) {
    return memory.get(IntBuffer64.WORD, row * rowBytes + 4 * AccessAdapterAir.SPACE);
  }

  /**
   * Hands the buffer over as a trace, whose padding is zeroed here.
   *
   * @param height rows wanted, as {@link #reserve} was told
   * @return a buffer of the pool, owned by the caller; these rows are gone afterwards
   */
  public MemorySegment takeTrace(long height) {
    MemorySegment trace = memory;
    trace.asSlice(rows * rowBytes, (height - rows) * rowBytes).fill((byte) 0);
    buffer = IntBuffer64.empty(pool);
    memory = MemorySegment.NULL;
    room = 0;
    rows = 0;
    return trace;
  }

  void release() {
    buffer.release();
    memory = MemorySegment.NULL;
    room = 0;
    rows = 0;
    if (origins != null) {
      origins.release();
    }
  }
}
