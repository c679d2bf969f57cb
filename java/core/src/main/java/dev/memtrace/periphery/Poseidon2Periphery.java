// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Records which inputs of the Poseidon2 permutation other chips rely on, and how often. Equal
 * inputs share a row; rows are in the order of their first request. The hash itself is fixed, so
 * this is a recorder, not a hasher. Thread-safe.
 *
 * <p>A backend may hand over a batch of inputs that lies on a device. While it is all that was
 * recorded it stays there; with the next input, or when {@link #inputs()} is asked for, it comes to
 * the host.
 */
public final class Poseidon2Periphery implements AutoCloseable {
  /** Words of a row: 16 input elements and the multiplicity. */
  public static final int ROW_WORDS = 17;

  /** The most rows of a trace: the two-adicity of p - 1 is 27. */
  private static final int MAX_ROWS = 1 << 27;

  private static final int STATE = 16;
  private static final long ROW_BYTES = 4L * ROW_WORDS;
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  /** Logs come from machines nobody trusts: a fixed hash function could be flooded. */
  private final long seed = new SecureRandom().nextLong() | 1;

  private final IntBuffer64 rows;

  /** Open addressing: row number plus one, 0 if free. Twice the rows at least. */
  private int[] table = new int[1 << 10];

  private int size;

  /** Inputs recorded in all, which bounds every multiplicity. */
  private long requests;

  /** If set, everything that was recorded; there are no rows on the host then. */
  private @Nullable RecordedInputs batch;

  private boolean closed;

  /** Creates a recorder without inputs. */
  public Poseidon2Periphery() {
    this(BufferPool.shared());
  }

  /**
   * Creates a recorder without inputs.
   *
   * @param pool where its memory comes from
   */
  public Poseidon2Periphery(BufferPool pool) {
    this.rows = new IntBuffer64(pool, 1L << 12);
  }

  /**
   * Records one compression.
   *
   * @param left 8 canonical elements
   * @param right 8 canonical elements
   */
  public void recordCompression(int[] left, int[] right) {
    int[] input = new int[STATE];
    System.arraycopy(left, 0, input, 0, STATE / 2);
    System.arraycopy(right, 0, input, STATE / 2, STATE / 2);
    MemorySegment heap = MemorySegment.ofArray(input);
    recordAll(heap, 0, 0, STATE, 1);
  }

  /**
   * Records many inputs, all of them or, if one is refused, none.
   *
   * @param source memory that holds the inputs as canonical 32-bit words
   * @param firstWord index of the first input's first word
   * @param strideWords words from one input to the next
   * @param words words of an input that are given: 16, or 8 if the rest is zero
   * @param count number of inputs
   * @throws IllegalArgumentException if an element is not canonical
   * @throws TraceLimitException if there would be too many inputs
   */
  public synchronized void recordAll(
      MemorySegment source, long firstWord, long strideWords, int words, long count) {
    if (words != STATE && words != STATE / 2) {
      throw new IllegalArgumentException("an input has " + words + " words; it must be 8 or 16");
    }
    reserve(count);
    for (long i = 0; i < count; i++) {
      checkCanonical(source, (firstWord + i * strideWords) << 2, words);
    }
    requests += count;
    for (long i = 0; i < count; i++) {
      record(source, (firstWord + i * strideWords) << 2, words, 1);
    }
  }

  /**
   * Records a batch of inputs, all of them or, if it is refused or cannot be read, none.
   *
   * @param inputs the batch, which this recorder closes; if this throws, the caller still owns it
   * @throws TraceLimitException if there would be too many inputs
   * @throws IllegalArgumentException if an element is not canonical, or the multiplicities do not
   *     add up to the requests; found out when the batch comes to the host
   */
  public synchronized void record(RecordedInputs inputs) {
    checkOpen();
    long count = inputs.size();
    long added = inputs.requests();
    checkLimits(count, added);
    if (size() == 0 && count > 0) {
      batch = inputs;
      requests += added;
      return;
    }
    bringToHost();
    readBehindRows(inputs, count, added);
    inputs.close();
    requests += added;
    mergeBehindRows(count);
  }

  /**
   * Lets somebody use a batch where it lies. No input is recorded meanwhile.
   *
   * @param use receives the batch if it is all that was recorded; does not close it
   * @param <T> what is made of it
   * @return what {@code use} has made of it; empty without a call if inputs lie on the host, or
   *     there are none
   */
  public synchronized <T> Optional<T> whereTheyLie(Function<RecordedInputs, Optional<T>> use) {
    checkOpen();
    return batch == null ? Optional.empty() : use.apply(batch);
  }

  /** Turns the batch into rows on the host; if that fails, nothing changes. */
  private void bringToHost() {
    RecordedInputs brought = batch;
    if (brought == null) {
      return;
    }
    readBehindRows(brought, brought.size(), brought.requests());
    batch = null;
    mergeBehindRows(brought.size());
    brought.close();
  }

  /** Copies a batch into the memory that follows the rows, and makes sure that it can be merged. */
  private void readBehindRows(RecordedInputs inputs, long count, long added) {
    ensureRoom(count);
    long first = size * ROW_BYTES;
    MemorySegment memory = rows.segment().asSlice(first, count * ROW_BYTES);
    inputs.copyTo(memory);
    long sum = 0;
    for (long at = 0; at < memory.byteSize(); at += ROW_BYTES) {
      checkCanonical(memory, at, STATE);
      sum += Integer.toUnsignedLong(memory.get(IntBuffer64.WORD, at + 4 * STATE));
    }
    if (sum != added) {
      throw new IllegalArgumentException(
          "a batch of " + added + " Poseidon2 inputs has multiplicities that add up to " + sum);
    }
  }

  /** A row that stays is written where it lies, or over one that was merged before it. */
  private void mergeBehindRows(long count) {
    MemorySegment memory = rows.segment();
    long first = size * ROW_BYTES;
    for (long i = 0; i < count; i++) {
      long at = first + i * ROW_BYTES;
      record(memory, at, STATE, memory.get(IntBuffer64.WORD, at + 4 * STATE));
    }
  }

  /**
   * Makes room, so that recording this many inputs cannot fail.
   *
   * @param count number of inputs that may come
   * @throws TraceLimitException if that would be more than the limits of a trace allow
   */
  public synchronized void reserve(long count) {
    checkOpen();
    checkLimits(count, count);
    if (count > 0) {
      bringToHost();
      ensureRoom(count);
    }
  }

  private void checkLimits(long newRows, long newRequests) {
    long held = size();
    if (newRows > MAX_ROWS - held) {
      throw new TraceLimitException(
          held
              + " distinct Poseidon2 inputs are recorded and "
              + newRows
              + " may come; a trace has at most "
              + MAX_ROWS
              + " rows");
    }
    if (newRequests >= BabyBear.P - requests) {
      throw new TraceLimitException(
          requests
              + " Poseidon2 inputs are recorded and "
              + newRequests
              + " may come; there must be fewer than p = "
              + BabyBear.P);
    }
  }

  private void ensureRoom(long newRows) {
    rows.ensure((size + newRows) * ROW_WORDS, (long) size * ROW_WORDS);
    while (size + newRows > table.length >>> 1) {
      grow();
    }
  }

  private static void checkCanonical(MemorySegment source, long at, int words) {
    for (int i = 0; i < words; i++) {
      int element = source.get(IntBuffer64.WORD, at + 4L * i);
      if (!BabyBear.isCanonical(element)) {
        throw new IllegalArgumentException(
            "Poseidon2 input "
                + Integer.toUnsignedString(element)
                + " is not below p = "
                + BabyBear.P);
      }
    }
  }

  private void record(MemorySegment source, long at, int words, int multiplicity) {
    long hash = seed;
    for (int i = 0; i < 4 * words; i += 8) {
      hash = (hash ^ getLong(source, at + i)) * MULTIPLIER;
      hash ^= hash >>> 29;
    }
    for (int i = 4 * words; i < 4 * STATE; i += 8) {
      hash *= MULTIPLIER;
      hash ^= hash >>> 29;
    }
    MemorySegment memory = rows.segment();
    int mask = table.length - 1;
    int slot = (int) (hash >>> 32) & mask;
    for (int row = table[slot]; row != 0; row = table[slot]) {
      long rowAt = (row - 1) * ROW_BYTES;
      if (sameInput(memory, rowAt, source, at, words)) {
        addMultiplicity(memory, rowAt, multiplicity);
        return;
      }
      slot = (slot + 1) & mask;
    }
    long rowAt = size * ROW_BYTES;
    for (int i = 0; i < 4 * STATE; i += 8) {
      memory.set(IntBuffer64.PAIR, rowAt + i, i < 4 * words ? getLong(source, at + i) : 0);
    }
    memory.set(IntBuffer64.WORD, rowAt + 4 * STATE, multiplicity);
    table[slot] = ++size;
  }

  private static void addMultiplicity(MemorySegment memory, long rowAt, int multiplicity) {
    long at = rowAt + 4 * STATE;
    memory.set(IntBuffer64.WORD, at, memory.get(IntBuffer64.WORD, at) + multiplicity);
  }

  private static boolean sameInput(
      MemorySegment memory, long rowAt, MemorySegment source, long at, int words) {
    for (int i = 0; i < 4 * words; i += 8) {
      if (getLong(memory, rowAt + i) != getLong(source, at + i)) {
        return false;
      }
    }
    for (int i = 4 * words; i < 4 * STATE; i += 8) {
      if (getLong(memory, rowAt + i) != 0) {
        return false;
      }
    }
    return true;
  }

  private static long getLong(MemorySegment memory, long at) {
    return memory.get(IntBuffer64.PAIR, at);
  }

  private void grow() {
    int[] bigger = new int[table.length << 1];
    int mask = bigger.length - 1;
    MemorySegment memory = rows.segment();
    for (int row = 1; row <= size; row++) {
      long rowAt = (row - 1) * ROW_BYTES;
      long hash = seed;
      for (int i = 0; i < 4 * STATE; i += 8) {
        hash = (hash ^ getLong(memory, rowAt + i)) * MULTIPLIER;
        hash ^= hash >>> 29;
      }
      int slot = (int) (hash >>> 32) & mask;
      while (bigger[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      bigger[slot] = row;
    }
    table = bigger;
  }

  /**
   * Returns the number of distinct inputs.
   *
   * @return rows
   */
  public synchronized int size() {
    return batch == null ? size : (int) batch.size();
  }

  /**
   * Returns the inputs and multiplicities.
   *
   * @return read-only memory of {@link #size()} rows of 17 words, valid until the next request or
   *     {@link #close()}
   */
  public synchronized MemorySegment inputs() {
    checkOpen();
    bringToHost();
    return rows.segment().asSlice(0, size * ROW_BYTES).asReadOnly();
  }

  /**
   * Checks that the recorder can be used.
   *
   * @throws IllegalStateException if it is closed
   */
  public synchronized void requireOpen() {
    checkOpen();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this Poseidon2 recorder is closed");
    }
  }

  /** Gives the memory of the recorder back. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      size = 0;
      rows.release();
      RecordedInputs closing = batch;
      batch = null;
      if (closing != null) {
        closing.close();
      }
    }
  }
}
