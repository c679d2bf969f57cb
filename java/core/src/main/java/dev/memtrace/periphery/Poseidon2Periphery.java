// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;

/**
 * Records which inputs of the Poseidon2 permutation other chips rely on, and how often. Equal
 * inputs share a row; rows are in the order of their first request. The hash itself is fixed, so
 * this is a recorder, not a hasher. Thread-safe.
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
      record(source, (firstWord + i * strideWords) << 2, words);
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
    if (count > MAX_ROWS - size) {
      throw new TraceLimitException(
          size
              + " distinct Poseidon2 inputs are recorded and "
              + count
              + " may come; a trace has at most "
              + MAX_ROWS
              + " rows");
    }
    if (count >= BabyBear.P - requests) {
      throw new TraceLimitException(
          requests
              + " Poseidon2 inputs are recorded and "
              + count
              + " may come; there must be fewer than p = "
              + BabyBear.P);
    }
    rows.ensure((size + count) * ROW_WORDS, (long) size * ROW_WORDS);
    while (size + count > table.length >>> 1) {
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

  private void record(MemorySegment source, long at, int words) {
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
        addMultiplicity(memory, rowAt);
        return;
      }
      slot = (slot + 1) & mask;
    }
    long rowAt = size * ROW_BYTES;
    for (int i = 0; i < 4 * STATE; i += 8) {
      memory.set(IntBuffer64.PAIR, rowAt + i, i < 4 * words ? getLong(source, at + i) : 0);
    }
    memory.set(IntBuffer64.WORD, rowAt + 4 * STATE, 1);
    table[slot] = ++size;
  }

  private static void addMultiplicity(MemorySegment memory, long rowAt) {
    long at = rowAt + 4 * STATE;
    memory.set(IntBuffer64.WORD, at, memory.get(IntBuffer64.WORD, at) + 1);
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
    return size;
  }

  /**
   * Returns the inputs and multiplicities.
   *
   * @return read-only memory of {@link #size()} rows of 17 words, valid until the next request or
   *     {@link #close()}
   */
  public synchronized MemorySegment inputs() {
    checkOpen();
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
    }
  }
}
