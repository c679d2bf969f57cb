// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A number that tells traces apart, made so that a device can compute it without copying the trace:
 * most of it is one product of small integers. It is no cryptographic hash.
 *
 * <p>The cells of the trace in column-major order, each as its Montgomery word in four bytes,
 * little-endian, are one sequence of bytes. Padded with zeros to a multiple of 65,536, it is the
 * matrix M of 65,536 rows and n columns, column by column; bytes are signed. Let s(k) be the k-th
 * word, from 0, of SplitMix64: {@code z = seed + (k + 1) * 0x9E3779B97F4A7C15}, then {@code z = (z
 * ^ z >>> 30) * 0xBF58476D1CE4E5B9}, {@code z = (z ^ (z >>> 27)) * 0x94D049BB133111EB}, {@code s(k)
 * = z ^ z >>> 31}.
 *
 * <ul>
 *   <li>R is a matrix of 16 rows and 65,536 columns of signed bytes. Row by row, byte b of s(k),
 *       counted from the least significant, is its element 8 * k + b: s(0) to s(131,071).
 *   <li>P = R * M, 16 rows and n columns. Its elements fit in 32 bits with their sign.
 *   <li>The fingerprint is the sum of P(i, j) * s(131,072 + 16 * j + i) over all i and j, modulo
 *       2^64. That of a trace without cells is 0.
 * </ul>
 *
 * <p>Instances are immutable, and safe for use by several threads.
 */
public final class Fingerprint {
  /** Bytes of a column of M. */
  static final int COLUMN = 1 << 16;

  private static final int ROWS = 16;
  private static final int MATRIX_WORDS = ROWS * COLUMN / Long.BYTES;

  /** Bytes of a column that are multiplied at once: so much of all rows of R stays in the cache. */
  private static final int STRIP = 1 << 11;

  /** Columns that a thread takes at once. */
  private static final int GROUP = 16;

  private final long seed;

  /** R strip by strip, in each strip row by row. */
  private final int[] matrix = new int[ROWS * COLUMN];

  /**
   * Makes the matrix of a seed.
   *
   * @param seed any number; fingerprints are compared under equal seeds
   */
  public Fingerprint(long seed) {
    this.seed = seed;
    for (int k = 0; k < MATRIX_WORDS; k++) {
      long word = splitMix(seed, k);
      for (int b = 0; b < Long.BYTES; b++) {
        int element = Long.BYTES * k + b;
        int row = element / COLUMN;
        int at = element % COLUMN;
        matrix[(at / STRIP * ROWS + row) * STRIP + at % STRIP] = (byte) (word >>> (8 * b));
      }
    }
  }

  private static long splitMix(long seed, long k) {
    long z = seed + (k + 1) * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /**
   * Computes the fingerprint of a trace.
   *
   * @param trace the trace, wherever it lies
   * @param workers threads that share the work
   * @param pool where a copy of the trace is made, unless it lies on the host column-major and in
   *     Montgomery form
   * @return the fingerprint
   */
  public long of(TraceMatrix trace, Workers workers, BufferPool pool) {
    if (trace.location() == TraceMatrix.Location.HOST
        && trace.order() == TraceOrder.COLUMN_MAJOR
        && trace.encoding() == FieldEncoding.MONTGOMERY) {
      return of(trace.segment(), workers);
    }
    MemorySegment copy = pool.acquire(trace.byteSize());
    try {
      MemorySegment cells = copy.asSlice(0, trace.byteSize());
      trace.copyTo(cells, TraceOrder.COLUMN_MAJOR, FieldEncoding.MONTGOMERY);
      return of(cells, workers);
    } finally {
      pool.release(copy);
    }
  }

  /**
   * Computes the fingerprint of a trace in memory.
   *
   * @param cells its cells, column-major and in Montgomery form
   * @param workers threads that share the work
   * @return the fingerprint
   */
  public long of(MemorySegment cells, Workers workers) {
    AtomicLong sum = new AtomicLong();
    workers.forRange(
        Math.ceilDiv(cells.byteSize(), (long) COLUMN),
        GROUP,
        (from, to) -> sum.addAndGet(ofColumns(cells, from, (int) (to - from))));
    return sum.get();
  }

  /** The share of some columns of M. */
  private long ofColumns(MemorySegment cells, long first, int count) {
    int[] products = new int[count * ROWS];
    byte[] bytes = new byte[STRIP];
    int[] strip = new int[STRIP];
    for (int begin = 0; begin < COLUMN; begin += STRIP) {
      for (int column = 0; column < count; column++) {
        long at = (first + column) * COLUMN + begin;
        int there = Math.clamp(cells.byteSize() - at, 0, STRIP);
        if (there == 0) {
          break;
        }
        MemorySegment.copy(cells, ValueLayout.JAVA_BYTE, at, bytes, 0, there);
        for (int i = 0; i < STRIP; i++) {
          strip[i] = i < there ? bytes[i] : 0;
        }
        for (int row = 0; row < ROWS; row++) {
          products[column * ROWS + row] += product(strip, matrix, begin * ROWS + row * STRIP);
        }
      }
    }
    long sum = 0;
    for (int i = 0; i < products.length; i++) {
      sum += products[i] * splitMix(seed, MATRIX_WORDS + first * ROWS + i);
    }
    return sum;
  }

  /** A loop that the compiler turns into vector code. */
  private static int product(int[] strip, int[] matrix, int offset) {
    int sum = 0;
    for (int i = 0; i < STRIP; i++) {
      sum += strip[i] * matrix[offset + i];
    }
    return sum;
  }
}
