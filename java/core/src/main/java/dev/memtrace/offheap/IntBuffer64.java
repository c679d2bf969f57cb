// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.offheap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A growable array of 32-bit words in native memory, indexed by {@code long}. Not thread-safe while
 * it grows.
 */
public final class IntBuffer64 {
  /** Layout of a word everywhere in this library: little-endian, no alignment demanded. */
  public static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Layout of two words, the first one in the low half. */
  public static final ValueLayout.OfLong PAIR =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final BufferPool pool;
  private MemorySegment segment;

  /**
   * Creates an array.
   *
   * @param pool where its memory comes from and returns to
   * @param capacity words to make room for at first
   */
  public IntBuffer64(BufferPool pool, long capacity) {
    this.pool = pool;
    this.segment = pool.acquire(Math.multiplyExact(capacity, 4L));
  }

  private IntBuffer64(BufferPool pool, MemorySegment segment) {
    this.pool = pool;
    this.segment = segment;
  }

  /**
   * Creates an array without memory.
   *
   * @param pool where memory will come from
   * @return an array of capacity 0
   */
  public static IntBuffer64 empty(BufferPool pool) {
    return new IntBuffer64(pool, MemorySegment.NULL);
  }

  /**
   * Returns the memory of the array, valid until it grows or is released.
   *
   * @return the whole capacity
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Returns how many words fit without growing.
   *
   * @return words
   */
  public long capacity() {
    return segment.byteSize() >>> 2;
  }

  /**
   * Makes room for at least the given number of words, keeping the first {@code used}.
   *
   * @param words words needed
   * @param used words to keep
   * @return the memory of the array after growing
   */
  public MemorySegment ensure(long words, long used) {
    if (words > capacity()) {
      MemorySegment bigger =
          pool.acquire(Math.max(Math.multiplyExact(words, 4L), 2 * segment.byteSize()));
      MemorySegment.copy(segment, 0, bigger, 0, used << 2);
      release();
      segment = bigger;
    }
    return segment;
  }

  /**
   * Reads one word.
   *
   * @param index its index
   * @return the word
   */
  public int get(long index) {
    return segment.get(WORD, index << 2);
  }

  /**
   * Writes one word.
   *
   * @param index its index, below {@link #capacity()}
   * @param value the word
   */
  public void set(long index, int value) {
    segment.set(WORD, index << 2, value);
  }

  /** Gives the memory back to the pool; the array is empty afterwards. */
  public void release() {
    MemorySegment released = segment;
    segment = MemorySegment.NULL;
    if (released.byteSize() > 0) {
      pool.release(released);
    }
  }
}
