// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * What the processor that a backend works on could do at best, measured by loops that do nothing
 * else. Each figure is the best of several loops, so that a stage is never judged by a disturbed
 * one.
 *
 * @param bytesPerSecond bytes read plus bytes written in a second by copies of memory larger than
 *     its caches
 * @param permutationsPerSecond Poseidon2 permutations in a second, in batches
 * @param transferredBytesPerSecond bytes between host and device in a second, in the faster
 *     direction; 0 if the processor is the host
 */
public record BackendLimits(
    double bytesPerSecond, double permutationsPerSecond, double transferredBytesPerSecond) {
  private static final long COPIED_BYTES = 128L << 20;
  private static final long COPY_GRAIN = 1L << 20;
  private static final int ITEMS = 1 << 14;
  private static final long PERMUTATION_GRAIN = 256;

  /** So many loops in a row that are no faster end a measurement. */
  private static final int LOOPS = 7;

  /** Where the machine's speed keeps changing. */
  private static final int MOST_LOOPS = 100;

  /**
   * Measures the host.
   *
   * @param workers the threads that share the work of the backend
   * @param batch the permutations that it uses
   * @param pool where 256 MiB come from while this lasts
   * @return the limits of those threads together
   */
  public static BackendLimits ofHost(Workers workers, Poseidon2Batch batch, BufferPool pool) {
    return new BackendLimits(copies(workers, pool), permutations(workers, batch), 0);
  }

  /**
   * Joins two measurements of the same processor.
   *
   * @param other the other one
   * @return the better figure of each kind
   */
  public BackendLimits best(BackendLimits other) {
    return new BackendLimits(
        Math.max(bytesPerSecond, other.bytesPerSecond),
        Math.max(permutationsPerSecond, other.permutationsPerSecond),
        Math.max(transferredBytesPerSecond, other.transferredBytesPerSecond));
  }

  private static double copies(Workers workers, BufferPool pool) {
    MemorySegment from = pool.acquire(COPIED_BYTES);
    try {
      MemorySegment to = pool.acquire(COPIED_BYTES);
      try {
        return copies(workers, from.fill((byte) 1), to);
      } finally {
        pool.release(to);
      }
    } finally {
      pool.release(from);
    }
  }

  private static double copies(Workers workers, MemorySegment from, MemorySegment to) {
    return best(
        2 * COPIED_BYTES,
        () ->
            workers.forRange(
                COPIED_BYTES / COPY_GRAIN,
                1,
                (first, end) ->
                    MemorySegment.copy(
                        from,
                        first * COPY_GRAIN,
                        to,
                        first * COPY_GRAIN,
                        (end - first) * COPY_GRAIN)));
  }

  private static double permutations(Workers workers, Poseidon2Batch batch) {
    int[] inputs = new int[ITEMS * Poseidon2Batch.INPUT_WORDS];
    Arrays.setAll(inputs, i -> i);
    int[] outputs = new int[ITEMS * Poseidon2Batch.OUTPUT_WORDS];
    return best(
        ITEMS,
        () ->
            workers.forRange(
                ITEMS,
                PERMUTATION_GRAIN,
                (first, end) ->
                    batch.compress(
                        inputs,
                        (int) first * Poseidon2Batch.INPUT_WORDS,
                        outputs,
                        (int) first * Poseidon2Batch.OUTPUT_WORDS,
                        (int) (end - first))));
  }

  private static double best(long work, Runnable loop) {
    return best(work, loop, System::nanoTime);
  }

  /** Work per second in the fastest of some loops, which go on while they get faster. */
  static double best(long work, Runnable loop, LongSupplier clock) {
    long least = Long.MAX_VALUE;
    int wait = LOOPS;
    for (int i = 0; i < MOST_LOOPS && wait > 0; i++) {
      long start = clock.getAsLong();
      loop.run();
      long nanos = clock.getAsLong() - start;
      wait = nanos < least ? LOOPS : wait - 1;
      least = Math.min(least, nanos);
    }
    return work * 1e9 / Math.max(1, least);
  }
}
