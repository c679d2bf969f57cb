// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The access log of one segment of execution. Entries are checked when they are appended, so a log
 * holds only legal ones; appending allocates nothing but a new {@link LogSegment} when the current
 * one is full. Not thread-safe.
 */
public final class AccessLog implements MemoryLog {
  /** The most entries a log holds: records carry the log index in 32 bits. */
  public static final long MAX_ENTRIES = 0xFFFF_FFFFL;

  private static final int MAX_SEGMENT_ENTRIES = 1 << 16;
  private static final int MIN_SEGMENT_ENTRIES = 1 << 10;
  private static final int MAX_ACCESS = 32;

  private final MemoryConfig config;
  private final BufferPool pool;
  private final int segmentEntries;
  private final int maxAccess;
  private final int cells;
  private final int lastAddressSpace;
  private final List<LogSegment> segments = new ArrayList<>();
  private @Nullable Consumer<LogSegment> sink;

  private LogSegment current;
  private MemorySegment headers;
  private MemorySegment values;
  private int entries;

  /** Position of the first entry of the current segment. */
  private long firstEntry;

  private int valueWords;

  /** The current segment is full when it has more value words than this. */
  private int valueWordLimit;

  private int increments;
  private long recordWords;
  private long timestamp = MemoryConfig.INITIAL_TIMESTAMP + 1;

  /** First timestamp of this log that must not be reached. */
  private long timestampLimit;

  private boolean released;

  /**
   * Creates an empty log.
   *
   * @param config what entries are legal; a legal configuration
   */
  public AccessLog(MemoryConfig config) {
    this(config, BufferPool.shared());
  }

  /**
   * Creates an empty log.
   *
   * @param config what entries are legal; a legal configuration
   * @param pool where its memory comes from
   */
  public AccessLog(MemoryConfig config, BufferPool pool) {
    this.config = config;
    this.pool = pool;
    this.maxAccess = config.maxAccessAdapterN();
    this.cells = config.addressSpaceSize();
    this.lastAddressSpace = config.lastAddressSpace();
    this.timestampLimit = config.timestampLimit();
    long hint = Math.max(config.accessCapacity(), MIN_SEGMENT_ENTRIES);
    this.segmentEntries =
        hint >= MAX_SEGMENT_ENTRIES
            ? MAX_SEGMENT_ENTRIES
            : Integer.highestOneBit((int) hint - 1) << 1;
    this.current = new LogSegment(pool, segmentEntries, 0, (int) timestamp);
    this.headers = current.headers;
    this.values = current.values;
    this.valueWordLimit = valueWordLimit(current);
    segments.add(current);
  }

  @Override
  public MemoryConfig config() {
    return config;
  }

  @Override
  public long size() {
    return firstEntry + entries;
  }

  @Override
  public long endTimestamp() {
    return timestamp;
  }

  /**
   * Lets the clock run only to a lower limit than the configuration's.
   *
   * @param limit the first timestamp that must not be reached
   */
  public void limitTimestamp(long limit) {
    timestampLimit = Math.min(limit, config.timestampLimit());
  }

  /**
   * Says who receives each segment when it is full, in the order of the log. Segments that are full
   * already are handed over at once.
   *
   * @param sink the receiver, or null for none
   */
  public void setSegmentSink(@Nullable Consumer<LogSegment> sink) {
    this.sink = sink;
    if (sink != null) {
      for (LogSegment segment : segments) {
        if (segment != current) {
          sink.accept(segment);
        }
      }
    }
  }

  /**
   * Appends a read.
   *
   * @param addressSpace address space; 0 reads an immediate
   * @param pointer first cell, or the immediate value
   * @param n number of cells
   * @return the record id
   * @throws AccessRejectedException if the entry would be illegal
   */
  public long appendRead(int addressSpace, int pointer, int n) {
    if (addressSpace == 0) {
      checkImmediate(pointer, n);
    } else {
      checkAccess("read", addressSpace, pointer, n);
    }
    if (entries == segmentEntries) {
      nextSegment();
    }
    recordWords += 4 + n;
    return append(LogHeader.access(false, addressSpace, pointer, Integer.numberOfTrailingZeros(n)));
  }

  /**
   * Appends a write.
   *
   * @param addressSpace address space, not 0
   * @param pointer first cell
   * @param n number of cells
   * @param in the values, canonical
   * @param offset index of the first one in {@code in}
   * @return the record id
   * @throws AccessRejectedException if the entry would be illegal
   * @throws IndexOutOfBoundsException if {@code in} does not hold the values
   */
  public long appendWrite(int addressSpace, int pointer, int n, int[] in, int offset) {
    checkAccess("write", addressSpace, pointer, n);
    Objects.checkFromIndexSize(offset, n, in.length);
    if (entries == segmentEntries || valueWords > valueWordLimit) {
      checkValues(addressSpace, pointer, n, in, offset);
      nextSegment();
    }
    long at = 4L * valueWords;
    if (n == 4) {
      int value0 = in[offset];
      int value1 = in[offset + 1];
      int value2 = in[offset + 2];
      int value3 = in[offset + 3];
      if ((outside(value0) | outside(value1) | outside(value2) | outside(value3)) < 0) {
        checkValues(addressSpace, pointer, n, in, offset);
      }
      values.set(LogSegment.CELL_PAIR, at, value0 | (long) value1 << 32);
      values.set(LogSegment.CELL_PAIR, at + 8, value2 | (long) value3 << 32);
    } else {
      checkValues(addressSpace, pointer, n, in, offset);
      for (int i = 0; i < n; i++) {
        values.set(LogSegment.CELL, at + 4L * i, in[offset + i]);
      }
    }
    valueWords += n;
    recordWords += 4 + 2 * n;
    return append(LogHeader.access(true, addressSpace, pointer, Integer.numberOfTrailingZeros(n)));
  }

  /** Negative if the value is not canonical. */
  private static int outside(int value) {
    return value | (BabyBear.P - 1 - value);
  }

  private static void checkValues(int addressSpace, int pointer, int n, int[] in, int offset) {
    for (int i = 0; i < n; i++) {
      if (!BabyBear.isCanonical(in[offset + i])) {
        rejectValue(addressSpace, pointer + i, in[offset + i]);
      }
    }
  }

  /**
   * Appends a clock increment.
   *
   * @param amount how far, not negative
   * @return the record id
   * @throws AccessRejectedException if the clock would reach its limit
   */
  public long appendIncrement(long amount) {
    if (amount < 0) {
      throw new AccessRejectedException(
          "increment_timestamp_by " + amount + ": the amount must not be negative");
    }
    if (amount >= timestampLimit - timestamp) {
      rejectClock("increment_timestamp_by", amount);
    }
    if (entries == segmentEntries) {
      nextSegment();
    }
    long id = append(LogHeader.increment((int) amount));
    // An access advances the clock by one, which append has done.
    timestamp += amount - 1;
    increments++;
    return id;
  }

  /**
   * Appends an entry in object form.
   *
   * @param entry the entry
   * @return the record id
   * @throws AccessRejectedException if it is illegal
   */
  public long append(MemoryLogEntry entry) {
    return switch (entry) {
      case MemoryLogEntry.Read read -> appendRead(read.addressSpace(), read.pointer(), read.len());
      case MemoryLogEntry.Write write ->
          appendWrite(write.addressSpace(), write.pointer(), write.data().length, write.data(), 0);
      case MemoryLogEntry.IncrementTimestampBy increment -> appendIncrement(increment.amount());
    };
  }

  /** Appends to the current segment, which has room. */
  private long append(long header) {
    int i = entries;
    headers.set(LogSegment.HEADER, 8L * i, header);
    entries = i + 1;
    timestamp++;
    return firstEntry + i;
  }

  private void checkAccess(String operation, int addressSpace, int pointer, int n) {
    // The sign bit collects 1 <= addressSpace <= lastAddressSpace and 0 <= pointer <= cells - n;
    // where a difference overflows, another one is negative. maxAccess is a power of two.
    int outOfRange =
        (addressSpace - 1) | (lastAddressSpace - addressSpace) | pointer | (cells - n - pointer);
    if (outOfRange < 0 || (((n - 1) & -maxAccess) | (n & (n - 1))) != 0) {
      rejectAccess(operation, addressSpace, pointer, n);
    }
    if (timestamp + 1 >= timestampLimit) {
      rejectClock(operation, 1);
    }
  }

  private void checkImmediate(int pointer, int n) {
    if (n != 1) {
      throw new AccessRejectedException(
          "read of " + n + " cells in address space 0: an immediate read has exactly 1");
    }
    if (!BabyBear.isCanonical(pointer)) {
      throw new AccessRejectedException(
          "read in address space 0: the immediate "
              + Integer.toUnsignedString(pointer)
              + " is not below p = "
              + BabyBear.P);
    }
    if (timestamp + 1 >= timestampLimit) {
      rejectClock("read", 1);
    }
  }

  private void rejectAccess(String operation, int addressSpace, int pointer, int n) {
    String what =
        "%s of %d cells at (%s, %s): "
            .formatted(
                operation,
                n,
                Integer.toUnsignedString(addressSpace),
                Integer.toUnsignedString(pointer));
    if (n <= 0 || (n & (n - 1)) != 0) {
      throw new AccessRejectedException(what + "the number of cells must be a power of two");
    }
    if (n > maxAccess) {
      throw new AccessRejectedException(
          what + "the largest access is maxAccessAdapterN = " + maxAccess + " cells");
    }
    if (addressSpace == 0) {
      throw new AccessRejectedException(
          what + "address space 0 holds immediates and cannot be written");
    }
    if (addressSpace < config.asOffset() || addressSpace > config.lastAddressSpace()) {
      throw new AccessRejectedException(
          what
              + "address spaces are "
              + config.asOffset()
              + " to "
              + config.lastAddressSpace()
              + " (asHeight = "
              + config.asHeight()
              + ")");
    }
    throw new AccessRejectedException(
        what
            + "an address space has "
            + cells
            + " cells (pointerMaxBits = "
            + config.pointerMaxBits()
            + ")");
  }

  private static void rejectValue(int addressSpace, int pointer, int value) {
    throw new AccessRejectedException(
        "write of "
            + Integer.toUnsignedString(value)
            + " at ("
            + addressSpace
            + ", "
            + pointer
            + "): values must be below p = "
            + BabyBear.P);
  }

  private void rejectClock(String operation, long amount) {
    throw new AccessRejectedException(
        operation
            + ": clock overflow: the timestamp would advance by "
            + amount
            + " and reach its limit 2^clkMaxBits = "
            + config.timestampLimit()
            + "; end the segment before that");
  }

  private void nextSegment() {
    if (released) {
      throw new IllegalStateException("this log was released with its controller");
    }
    if (size() + segmentEntries > MAX_ENTRIES) {
      throw new AccessRejectedException(
          "the log holds "
              + size()
              + " entries; its limit is "
              + MAX_ENTRIES
              + "; end the segment before that");
    }
    LogSegment next = new LogSegment(pool, segmentEntries, size(), (int) timestamp);
    seal();
    LogSegment full = current;
    current = next;
    headers = next.headers;
    values = next.values;
    firstEntry = next.firstEntry();
    valueWordLimit = valueWordLimit(next);
    entries = 0;
    valueWords = 0;
    increments = 0;
    recordWords = 0;
    segments.add(next);
    if (sink != null) {
      sink.accept(full);
    }
  }

  private static int valueWordLimit(LogSegment segment) {
    return (int) (segment.values.byteSize() >>> 2) - MAX_ACCESS;
  }

  /** Brings the counters of the current segment up to date. */
  private void seal() {
    current.entries = entries;
    current.valueWords = valueWords;
    current.increments = increments;
    current.recordWords = recordWords;
  }

  /**
   * Returns all segments, the last of which may still grow.
   *
   * @return segments in the order of the log, at least one
   */
  public List<LogSegment> segments() {
    seal();
    return Collections.unmodifiableList(segments);
  }

  /**
   * Returns the segment of an entry.
   *
   * @param id position of the entry
   * @return its segment
   * @throws IndexOutOfBoundsException if there is no such entry
   */
  public LogSegment segmentOf(long id) {
    return segments.get(segmentIndex(id));
  }

  /**
   * Returns the position of an entry's segment in {@link #segments()}.
   *
   * @param id position of the entry
   * @return index of its segment
   * @throws IndexOutOfBoundsException if there is no such entry
   */
  public int segmentIndex(long id) {
    Objects.checkIndex(id, size());
    seal();
    int low = 0;
    int high = segments.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (segments.get(middle).firstEntry() <= id) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  @Override
  public MemoryLogEntry get(long id) {
    if (released) {
      throw new IllegalStateException("this log was released with its controller");
    }
    LogSegment segment = segmentOf(id);
    int i = (int) (id - segment.firstEntry());
    long header = segment.header(i);
    if (LogHeader.isIncrement(header)) {
      return new MemoryLogEntry.IncrementTimestampBy(LogHeader.pointer(header));
    }
    int addressSpace = LogHeader.addressSpace(header);
    int pointer = LogHeader.pointer(header);
    if (!LogHeader.isWrite(header)) {
      return new MemoryLogEntry.Read(addressSpace, pointer, LogHeader.size(header));
    }
    int[] data = new int[LogHeader.size(header)];
    int first = segment.valueOffset(i);
    for (int j = 0; j < data.length; j++) {
      data[j] = segment.value(first + j);
    }
    return new MemoryLogEntry.Write(addressSpace, pointer, data);
  }

  /**
   * Returns a view that cannot append.
   *
   * @return a live view
   */
  public MemoryLog readOnlyView() {
    return new View(this);
  }

  /** Returns the memory of the log to its pool. Later use fails. */
  public void release() {
    if (!released) {
      released = true;
      segments.forEach(segment -> segment.release(pool));
      headers = MemorySegment.NULL;
      values = MemorySegment.NULL;
      entries = segmentEntries;
    }
  }

  private record View(AccessLog log) implements MemoryLog {
    @Override
    public MemoryConfig config() {
      return log.config;
    }

    @Override
    public long size() {
      return log.size();
    }

    @Override
    public MemoryLogEntry get(long id) {
      return log.get(id);
    }

    @Override
    public long endTimestamp() {
      return log.timestamp;
    }
  }
}
