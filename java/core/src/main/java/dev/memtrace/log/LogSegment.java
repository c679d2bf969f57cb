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
    try {
      this.values = pool.acquire(4L * valueCapacity);
    } catch (RuntimeException | Error e) {
      pool.release(headers);
      throw e;
    }
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
   * Returns how many words the data of all accesses have, written cells counted once.
   *
   * @return 32-bit words
   */
  public long dataWords() {
    return recordWords - 4L * accesses() - valueWords;
  }

  /**
   * Returns where the written cells of an entry begin.
   *
   * @param i entry of this segment, from 0
   * @return word index in {@link #values()}
   */
  public int valueOffset(int i) {
    return place(i).values;
  }

  /**
   * Returns where the record of an entry begins among the records of this segment.
   *
   * @param i entry of this segment, from 0
   * @return word index
   */
  public int recordOffset(int i) {
    return place(i).records;
  }

  /**
   * Returns what comes before an entry in this segment.
   *
   * @param i entry of this segment, from 0
   * @return counts of what comes before it
   */
  public Place place(int i) {
    int[] table = index();
    int row = Place.WORDS * (i >>> INDEX_STRIDE_BITS);
    int accesses = table[row];
    int values = table[row + 1];
    int records = table[row + 2];
    int timestamp = table[row + 3];
    for (int j = i & -(1 << INDEX_STRIDE_BITS); j < i; j++) {
      long header = header(j);
      accesses += LogHeader.isIncrement(header) ? 0 : 1;
      values += LogHeader.valueWords(header);
      records += LogHeader.recordWords(header);
      timestamp += LogHeader.ticks(header);
    }
    return new Place(accesses, values, records, timestamp);
  }

  /**
   * Where an entry is in its segment.
   *
   * @param accesses accesses before it
   * @param values words of written cells before it
   * @param records words of records before it
   * @param timestamp the clock before it
   */
  public record Place(int accesses, int values, int records, int timestamp) {
    private static final int WORDS = 4;

    /**
     * Returns how many words the data of all accesses before the entry have.
     *
     * @return 32-bit words, written cells counted once
     */
    public int data() {
      return records - 4 * accesses - values;
    }
  }

  /** The places of every 64th entry; built on first use and again if the segment has grown. */
  private int[] index() {
    int[] table = index;
    int rows = (entries >>> INDEX_STRIDE_BITS) + 1;
    if (table != null && table.length == Place.WORDS * rows) {
      return table;
    }
    table = new int[Place.WORDS * rows];
    int accesses = 0;
    int values = 0;
    int records = 0;
    int timestamp = firstTimestamp;
    for (int i = 0; i <= entries; i++) {
      if ((i & ((1 << INDEX_STRIDE_BITS) - 1)) == 0) {
        int row = Place.WORDS * (i >>> INDEX_STRIDE_BITS);
        table[row] = accesses;
        table[row + 1] = values;
        table[row + 2] = records;
        table[row + 3] = timestamp;
      }
      if (i < entries) {
        long header = header(i);
        accesses += LogHeader.isIncrement(header) ? 0 : 1;
        values += LogHeader.valueWords(header);
        records += LogHeader.recordWords(header);
        timestamp += LogHeader.ticks(header);
      }
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

  /**
   * Finds the segment of an access.
   *
   * @param segments consecutive segments from the first of a log
   * @param id position of the access in the log
   * @return index of the segment that holds it
   * @throws IndexOutOfBoundsException if there is no such entry
   * @throws IllegalArgumentException if the entry is a clock increment
   */
  public static int indexOfAccess(List<LogSegment> segments, long id) {
    LogSegment last = segments.isEmpty() ? null : segments.getLast();
    long entries = last == null ? 0 : last.firstEntry + last.entries;
    if (id < 0 || id >= entries) {
      throw new IndexOutOfBoundsException(
          "record id " + id + " is not in the log of " + entries + " entries");
    }
    int index = indexOf(segments, id);
    LogSegment segment = segments.get(index);
    if (LogHeader.isIncrement(segment.header((int) (id - segment.firstEntry)))) {
      throw new IllegalArgumentException("record id " + id + " is a timestamp increment");
    }
    return index;
  }

  void release(BufferPool pool) {
    pool.release(headers);
    pool.release(values);
  }
}
