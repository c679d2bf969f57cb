// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A run of consecutive log entries: packed headers (see {@link LogHeader}) and, apart from them,
 * the written cells in the order of the log. Immutable once it was handed to a backend.
 */
public final class LogSegment {
  /** Layout of a header. */
  public static final ValueLayout.OfLong HEADER = IntBuffer64.PAIR;

  /** Layout of a cell. */
  public static final ValueLayout.OfInt CELL = IntBuffer64.WORD;

  private static final int INDEX_STRIDE_BITS = 6;

  final MemorySegment headers;
  final MemorySegment values;
  private final long firstEntry;
  private final int firstTimestamp;
  int entries;
  int valueWords;
  int increments;
  long recordWords;
  private volatile int @Nullable [] index;

  LogSegment(
      BufferPool pool, int entryCapacity, int valueCapacity, long firstEntry, int firstTimestamp) {
    this.headers = pool.acquire(8L * entryCapacity);
    this.values = pool.acquire(4L * valueCapacity);
    this.firstEntry = firstEntry;
    this.firstTimestamp = firstTimestamp;
  }

  /**
   * Returns the headers, 8 bytes an entry.
   *
   * @return native memory of at least {@code 8 * entries()} bytes
   */
  public MemorySegment headers() {
    return headers;
  }

  /**
   * Returns the written cells.
   *
   * @return native memory of at least {@code 4 * valueWords()} bytes
   */
  public MemorySegment values() {
    return values;
  }

  /**
   * Returns the position in the log of the first entry.
   *
   * @return a log index
   */
  public long firstEntry() {
    return firstEntry;
  }

  /**
   * Returns the clock before the first entry.
   *
   * @return a timestamp
   */
  public int firstTimestamp() {
    return firstTimestamp;
  }

  /**
   * Returns the number of entries.
   *
   * @return entries
   */
  public int entries() {
    return entries;
  }

  /**
   * Returns the number of entries that have a record.
   *
   * @return accesses, immediate reads included
   */
  public int accesses() {
    return entries - increments;
  }

  /**
   * Returns the number of written cells.
   *
   * @return cells
   */
  public int valueWords() {
    return valueWords;
  }

  /**
   * Returns the size of headers and written cells.
   *
   * @return bytes
   */
  public long byteSize() {
    return 8L * entries + 4L * valueWords;
  }

  /**
   * Returns the size of the records of this segment's accesses.
   *
   * @return 32-bit words
   */
  public long recordWords() {
    return recordWords;
  }

  /**
   * Returns one header.
   *
   * @param i entry of this segment, from 0
   * @return the header
   */
  public long header(int i) {
    return headers.get(HEADER, 8L * i);
  }

  /**
   * Returns one written cell.
   *
   * @param word its index in {@link #values()}
   * @return the value
   */
  public int value(int word) {
    return values.get(CELL, 4L * word);
  }

  /**
   * Returns where the written cells of an entry begin.
   *
   * @param i entry of this segment, from 0
   * @return word index in {@link #values()}
   */
  public int valueOffset(int i) {
    int[] table = index();
    int offset = table[2 * (i >>> INDEX_STRIDE_BITS)];
    for (int j = i & -(1 << INDEX_STRIDE_BITS); j < i; j++) {
      offset += LogHeader.valueWords(header(j));
    }
    return offset;
  }

  /**
   * Returns where the record of an entry begins among the records of this segment.
   *
   * @param i entry of this segment, from 0
   * @return word index
   */
  public int recordOffset(int i) {
    int[] table = index();
    int offset = table[2 * (i >>> INDEX_STRIDE_BITS) + 1];
    for (int j = i & -(1 << INDEX_STRIDE_BITS); j < i; j++) {
      offset += LogHeader.recordWords(header(j));
    }
    return offset;
  }

  /** Offsets of every 64th entry; built on first use and again if the segment has grown. */
  private int[] index() {
    int[] table = index;
    int rows = (entries >>> INDEX_STRIDE_BITS) + 1;
    if (table != null && table.length == 2 * rows) {
      return table;
    }
    table = new int[2 * rows];
    int valueOffset = 0;
    int recordOffset = 0;
    for (int i = 0; i < entries; i++) {
      if ((i & ((1 << INDEX_STRIDE_BITS) - 1)) == 0) {
        table[2 * (i >>> INDEX_STRIDE_BITS)] = valueOffset;
        table[2 * (i >>> INDEX_STRIDE_BITS) + 1] = recordOffset;
      }
      long header = header(i);
      valueOffset += LogHeader.valueWords(header);
      recordOffset += LogHeader.recordWords(header);
    }
    if ((entries & ((1 << INDEX_STRIDE_BITS) - 1)) == 0) {
      table[2 * rows - 2] = valueOffset;
      table[2 * rows - 1] = recordOffset;
    }
    index = table;
    return table;
  }

  /**
   * Finds the segment of an entry.
   *
   * @param segments consecutive segments, at least one
   * @param id position of an entry that one of them holds
   * @return index of its segment
   */
  public static int indexOf(List<LogSegment> segments, long id) {
    int low = 0;
    int high = segments.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (segments.get(middle).firstEntry <= id) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  void release(BufferPool pool) {
    pool.release(headers);
    pool.release(values);
  }
}
