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

  /** Entries that are collected on the heap before they are copied to native memory. */
  private static final int STAGE_ENTRIES = 1 << 10;

  private static final int STAGE_VALUES = 4 * STAGE_ENTRIES;
  private static final long READ_4 = LogHeader.access(false, 0, 0, 2);
  private static final int WORDS_OF_READ_4 = LogHeader.recordWords(READ_4);
  private static final long WRITE_4 = LogHeader.access(true, 0, 0, 2);
  private static final int SPACE_SHIFT = LogHeader.SPACE_SHIFT;

  private final MemoryConfig config;
  private final BufferPool pool;
  private final int segmentEntries;

  /** Written cells for which the current segment has room: never less than two full stages. */
  private int valueCapacity;

  private final int maxAccess;
  private final int cells;
  private final int lastAddressSpace;
  private final List<LogSegment> segments = new ArrayList<>();
  private @Nullable Consumer<LogSegment> sink;

  private LogSegment current;

  /** Entries and written cells of the current segment that are in native memory. */
  private int entries;

  private int valueWords;
  private int increments;

  /**
   * What the records of the current segment have beyond {@link #WORDS_OF_READ_4} an access and a
   * word a written cell: 0 if all accesses have 4 cells.
   */
  private long otherRecordWords;

  /**
   * The last entries of the current segment and their written cells. A store to an array on the
   * heap costs a fraction of one to native memory, which is checked for its lifetime as well.
   */
  private final long[] stagedHeaders;

  private final int[] stagedValues = new int[STAGE_VALUES + MAX_ACCESS];
  private int staged;
  private int stagedWords;

  /** An access needs {@link #staged} below this: the stage, the segment and the clock have room. */
  private int stageEnd;

  /** The same for an access of 4 cells, for which the written cells have room as well. */
  private int stageEndOf4;

  /** Position in the log of the first staged entry. */
  private long stageFirst;

  /** The clock is this plus {@link #staged}. */
  private long stageClock = MemoryConfig.INITIAL_TIMESTAMP + 1;

  /** Largest pointer of an access of 4 cells, or -1 if 4 cells are more than an access may have. */
  private final int lastPointerOf4;

  /** First timestamp of this log that must not be reached. */
  private long timestampLimit;

  /** Whether a controller uses this log. */
  private boolean claimed;

  /** Whether nothing may be appended any more. */
  private boolean sealed;

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
    this.valueCapacity = Math.max(2 * segmentEntries, 2 * STAGE_VALUES);
    this.lastPointerOf4 = maxAccess < 4 ? -1 : cells - 4;
    this.stagedHeaders = new long[Math.min(STAGE_ENTRIES, segmentEntries)];
    this.current = new LogSegment(pool, segmentEntries, valueCapacity, 0, (int) stageClock);
    segments.add(current);
    findRoom();
  }

  @Override
  public MemoryConfig config() {
    return config;
  }

  @Override
  public long size() {
    return stageFirst + staged;
  }

  @Override
  public long endTimestamp() {
    return stageClock + staged;
  }

  /**
   * Lets the clock run only to a lower limit than the configuration's.
   *
   * @param limit the first timestamp that must not be reached
   */
  public void limitTimestamp(long limit) {
    timestampLimit = Math.min(limit, config.timestampLimit());
    findRoom();
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
    if (n == 4 && isLegalAccessOf4(addressSpace, pointer) && stageReadOf4(addressSpace, pointer)) {
      return size() - 1;
    }
    return appendAnyRead(addressSpace, pointer, n);
  }

  /**
   * Appends a read of 4 cells, unless that takes more than a store. The caller knows that there are
   * such cells.
   *
   * @param addressSpace a legal address space, not 0
   * @param pointer first of 4 cells that exist
   * @return whether it was appended; if not, {@link #appendRead} must be called
   */
  public boolean stageReadOf4(int addressSpace, int pointer) {
    int i = staged;
    if (i >= stageEndOf4) {
      return false;
    }
    stagedHeaders[i] = READ_4 | ((long) addressSpace << SPACE_SHIFT) | pointer;
    staged = i + 1;
    return true;
  }

  private long appendAnyRead(int addressSpace, int pointer, int n) {
    if (addressSpace == 0) {
      checkImmediate(pointer, n);
    } else {
      checkAccess("read", addressSpace, pointer, n);
    }
    makeRoom("read");
    otherRecordWords += n - 4;
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
    if (n == 4
        && isLegalAccessOf4(addressSpace, pointer)
        && offset >= 0
        && offset <= in.length - 4
        && stageWriteOf4(
            addressSpace, pointer, in[offset], in[offset + 1], in[offset + 2], in[offset + 3])) {
      return size() - 1;
    }
    return appendAnyWrite(addressSpace, pointer, n, in, offset);
  }

  /**
   * Appends a write of 4 cells, unless a value is not canonical or that takes more than some
   * stores. The caller knows that there are such cells.
   *
   * @param addressSpace a legal address space, not 0
   * @param pointer first of 4 cells that exist
   * @param value0 value of the first cell
   * @param value1 value of the second cell
   * @param value2 value of the third cell
   * @param value3 value of the fourth cell
   * @return whether it was appended; if not, {@link #appendWrite} must be called
   */
  public boolean stageWriteOf4(
      int addressSpace, int pointer, int value0, int value1, int value2, int value3) {
    int i = staged;
    if (i >= stageEndOf4
        || (outside(value0) | outside(value1) | outside(value2) | outside(value3)) < 0) {
      return false;
    }
    int word = stagedWords;
    int[] values = stagedValues;
    values[word] = value0;
    values[word + 1] = value1;
    values[word + 2] = value2;
    values[word + 3] = value3;
    stagedWords = word + 4;
    stagedHeaders[i] = WRITE_4 | ((long) addressSpace << SPACE_SHIFT) | pointer;
    staged = i + 1;
    return true;
  }

  private long appendAnyWrite(int addressSpace, int pointer, int n, int[] in, int offset) {
    checkAccess("write", addressSpace, pointer, n);
    Objects.checkFromIndexSize(offset, n, in.length);
    checkValues(addressSpace, pointer, n, in, offset);
    makeRoom("write");
    System.arraycopy(in, offset, stagedValues, stagedWords, n);
    stagedWords += n;
    otherRecordWords += n - 4;
    if (n > 4) {
      // Entries of 4 values would no longer fit in the stage up to its end.
      stageEnd = Math.max(staged + 1, stageEnd - (n - 4 + 3) / 4);
      findRoomOf4();
    }
    return append(LogHeader.access(true, addressSpace, pointer, Integer.numberOfTrailingZeros(n)));
  }

  /**
   * Whether 4 cells at a pointer may be accessed, the clock aside. The sign bit collects 1 <=
   * addressSpace <= lastAddressSpace and 0 <= pointer <= lastPointerOf4; where one difference
   * overflows, another one is negative.
   */
  private boolean isLegalAccessOf4(int addressSpace, int pointer) {
    return ((addressSpace - 1)
            | (lastAddressSpace - addressSpace)
            | pointer
            | (lastPointerOf4 - pointer))
        >= 0;
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
    return stageIncrement(amount) ? size() - 1 : appendAnyIncrement(amount);
  }

  /**
   * Appends a clock increment, unless that takes more than a store.
   *
   * @param amount any number
   * @return whether it was appended; if not, {@link #appendIncrement} must be called
   */
  public boolean stageIncrement(long amount) {
    int i = staged;
    if (i >= stageEnd || amount < 0 || amount > timestampLimit - stageClock - stageEnd) {
      return false;
    }
    // The clock has room for the rest of the stage.
    stagedHeaders[i] = LogHeader.increment((int) amount);
    staged = i + 1;
    stageClock += amount - 1;
    increments++;
    return true;
  }

  private long appendAnyIncrement(long amount) {
    requireAppendable();
    if (amount < 0) {
      throw new AccessRejectedException(
          "increment_timestamp_by " + amount + ": the amount must not be negative");
    }
    if (amount >= timestampLimit - endTimestamp()) {
      rejectClock("increment_timestamp_by", amount);
    }
    if (staged == stagedHeaders.length || entries + staged == segmentEntries) {
      flush();
    }
    long id = append(LogHeader.increment((int) amount));
    // An access advances the clock by one, which append has done.
    stageClock += amount - 1;
    increments++;
    findRoom();
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

  /** Appends to the stage, which has room. */
  private long append(long header) {
    int i = staged;
    stagedHeaders[i] = header;
    staged = i + 1;
    return stageFirst + i;
  }

  /** Makes room for an access in the stage; refuses it if the clock is at its end. */
  private void makeRoom(String operation) {
    requireAppendable();
    if (endTimestamp() + 1 >= timestampLimit) {
      rejectClock(operation, 1);
    }
    if (staged >= stageEnd || stagedWords > STAGE_VALUES) {
      flush();
    }
  }

  /** Copies the stage to native memory, and begins a segment if the current one is full. */
  private void flush() {
    unstage();
    if (entries == segmentEntries || valueWords + stagedValues.length > valueCapacity) {
      // Should the next segment be refused, an access finds no room and asks for it again.
      stageEnd = 0;
      stageEndOf4 = 0;
      nextSegment();
    }
    findRoom();
  }

  private void unstage() {
    MemorySegment.copy(stagedHeaders, 0, current.headers, LogSegment.HEADER, 8L * entries, staged);
    MemorySegment.copy(
        stagedValues, 0, current.values, LogSegment.CELL, 4L * valueWords, stagedWords);
    entries += staged;
    valueWords += stagedWords;
    stageFirst += staged;
    stageClock += staged;
    staged = 0;
    stagedWords = 0;
    current.entries = entries;
    current.valueWords = valueWords;
    current.increments = increments;
    current.recordWords =
        (long) WORDS_OF_READ_4 * (entries - increments) + valueWords + otherRecordWords;
  }

  /** Finds out how far the stage may fill. */
  private void findRoom() {
    if (sealed || valueWords + stagedValues.length > valueCapacity) {
      stageEnd = 0;
    } else {
      int room = Math.min(stagedHeaders.length, segmentEntries - entries);
      int values = staged + (stagedValues.length - stagedWords) / 4;
      stageEnd = (int) Math.min(Math.min(room, values), timestampLimit - 1 - stageClock);
    }
    findRoomOf4();
  }

  private void findRoomOf4() {
    stageEndOf4 = lastPointerOf4 < 0 ? 0 : stageEnd;
  }

  private void checkAccess(String operation, int addressSpace, int pointer, int n) {
    // The sign bit collects 1 <= addressSpace <= lastAddressSpace and 0 <= pointer <= cells - n;
    // where a difference overflows, another one is negative. maxAccess is a power of two.
    int outOfRange =
        (addressSpace - 1) | (lastAddressSpace - addressSpace) | pointer | (cells - n - pointer);
    if (outOfRange < 0 || (((n - 1) & -maxAccess) | (n & (n - 1))) != 0) {
      rejectAccess(operation, addressSpace, pointer, n);
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

  private void requireAppendable() {
    requireOpen();
    if (sealed) {
      throw new IllegalStateException("this log belongs to a finalised memory; it cannot grow");
    }
  }

  private void requireOpen() {
    if (released) {
      throw new IllegalStateException("this log was released with its controller");
    }
  }

  /**
   * Takes the last entry back, right after it was appended.
   *
   * @throws IllegalStateException if there is none in the current segment
   */
  public void retractLast() {
    if (staged == 0 && entries == 0) {
      throw new IllegalStateException("there is no entry that can be taken back");
    }
    long header;
    if (staged > 0) {
      header = stagedHeaders[--staged];
      stagedWords -= LogHeader.valueWords(header);
    } else {
      header = current.header(--entries);
      valueWords -= LogHeader.valueWords(header);
      stageFirst--;
      stageClock--;
    }
    if (LogHeader.isIncrement(header)) {
      increments--;
      stageClock -= LogHeader.pointer(header) - 1L;
    } else {
      otherRecordWords -=
          LogHeader.recordWords(header) - WORDS_OF_READ_4 - LogHeader.valueWords(header);
    }
    unstage();
    findRoom();
  }

  /**
   * Checks an access without appending it.
   *
   * @param operation its name, for the message
   * @param addressSpace address space
   * @param pointer first cell, or the immediate value
   * @param n number of cells
   * @throws AccessRejectedException if it would be illegal, the clock aside
   */
  public void check(String operation, int addressSpace, int pointer, int n) {
    if (addressSpace == 0 && operation.equals("read")) {
      checkImmediate(pointer, n);
    } else {
      checkAccess(operation, addressSpace, pointer, n);
    }
  }

  /**
   * Makes a controller the owner of this log.
   *
   * @throws IllegalStateException if it has one, or was released
   */
  public void claim() {
    requireOpen();
    if (claimed) {
      throw new IllegalStateException(
          "this log belongs to another memory controller; take it first");
    }
    claimed = true;
  }

  /** Gives the log back to its maker. */
  public void disclaim() {
    claimed = false;
  }

  /** Refuses further entries. */
  public void seal() {
    unstage();
    sealed = true;
    findRoom();
  }

  private void nextSegment() {
    if (size() + segmentEntries > MAX_ENTRIES) {
      throw new AccessRejectedException(
          "the log holds "
              + size()
              + " entries; its limit is "
              + MAX_ENTRIES
              + "; end the segment before that");
    }
    int capacity = nextValueCapacity();
    LogSegment next = new LogSegment(pool, segmentEntries, capacity, size(), (int) endTimestamp());
    LogSegment full = current;
    current = next;
    valueCapacity = capacity;
    entries = 0;
    valueWords = 0;
    increments = 0;
    otherRecordWords = 0;
    segments.add(next);
    if (sink != null) {
      sink.accept(full);
    }
  }

  /** Room for as many written cells an entry as the current segment has, and an eighth more. */
  private int nextValueCapacity() {
    long wanted = Math.ceilDiv(9L * valueWords * segmentEntries, 8L * entries);
    return (int) Math.clamp(wanted, 2L * STAGE_VALUES, (long) MAX_ACCESS * MAX_SEGMENT_ENTRIES);
  }

  /**
   * Returns all segments, the last of which may still grow.
   *
   * @return segments in the order of the log, at least one
   */
  public List<LogSegment> segments() {
    requireOpen();
    unstage();
    findRoom();
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
    requireOpen();
    Objects.checkIndex(id, size());
    unstage();
    findRoom();
    return LogSegment.indexOf(segments, id);
  }

  @Override
  public MemoryLogEntry get(long id) {
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
      unstage();
      sealed = true;
      released = true;
      findRoom();
      segments.forEach(segment -> segment.release(pool));
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
      return log.endTimestamp();
    }
  }
}
