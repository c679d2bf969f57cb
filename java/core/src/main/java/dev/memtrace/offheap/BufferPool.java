// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.offheap;

import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A pool of native buffers. The first touch of fresh memory costs more than most of the work that
 * is done in it, so buffers that are given back are kept, touched, for the next segment.
 *
 * <p>A buffer that is never given back is freed by the garbage collector; using one after it was
 * given back is a bug of the owner, so owners drop their reference when they release. Buffers can
 * be reached from any thread. The pool is thread-safe.
 */
public final class BufferPool {
  private static final System.Logger LOG = System.getLogger(BufferPool.class.getName());

  private static final long ALIGNMENT = 64;
  private static final long SMALLEST = 4096;
  private static final BufferPool SHARED = new BufferPool(Runtime.getRuntime().maxMemory() / 2);

  private final long maxRetainedBytes;
  private final LongFunction<MemorySegment> allocator;

  /** Buffers that are not in use, by size; no list is empty. */
  private final NavigableMap<Long, ArrayDeque<MemorySegment>> free = new TreeMap<>();

  private final LongOpenHashSet freeAddresses = new LongOpenHashSet();
  private final AtomicLong lentBytes = new AtomicLong();
  private long retainedBytes;

  /**
   * Creates an empty pool.
   *
   * @param maxRetainedBytes how many bytes of released buffers the pool keeps at most
   */
  public BufferPool(long maxRetainedBytes) {
    this(maxRetainedBytes, BufferPool::allocate);
  }

  /**
   * Creates an empty pool over memory of another kind, such as page-locked memory.
   *
   * @param maxRetainedBytes how many bytes of released buffers the pool keeps at most
   * @param allocator makes a buffer of exactly so many bytes, aligned to 64, that lives as long as
   *     it is reachable; throws {@link OutOfMemoryError} if it cannot
   */
  public BufferPool(long maxRetainedBytes, LongFunction<MemorySegment> allocator) {
    this.maxRetainedBytes = maxRetainedBytes;
    this.allocator = allocator;
  }

  /**
   * Returns the pool of this process, which keeps at most half as many bytes as the Java heap may
   * grow to.
   *
   * @return the shared pool
   */
  public static BufferPool shared() {
    return SHARED;
  }

  /**
   * Hands out a buffer of arbitrary content.
   *
   * @param minBytes how many bytes are needed
   * @return a buffer of at least that size, aligned to 64 bytes; if more than 4 KiB are needed, at
   *     most a third larger
   * @throws OutOfNativeMemoryException if native memory is exhausted
   */
  public MemorySegment acquire(long minBytes) {
    long size = sizeClass(minBytes);
    MemorySegment segment = find(size);
    lentBytes.addAndGet(segment.byteSize());
    return segment;
  }

  private MemorySegment find(long size) {
    MemorySegment kept = takeKept(size);
    if (kept != null) {
      return kept;
    }
    try {
      return allocator.apply(size);
    } catch (OutOfMemoryError e) {
      LOG.log(
          System.Logger.Level.DEBUG,
          "native memory is short: the pool lets go of {0} bytes for a buffer of {1}",
          retainedBytes(),
          size);
      clear();
    }
    try {
      return allocator.apply(size);
    } catch (OutOfMemoryError e) {
      throw new OutOfNativeMemoryException(size, e);
    }
  }

  /** The smallest free buffer of this size or up to a quarter larger. */
  private synchronized @Nullable MemorySegment takeKept(long size) {
    Map.Entry<Long, ArrayDeque<MemorySegment>> smallest = free.ceilingEntry(size);
    if (smallest == null || smallest.getKey() > size + size / 4) {
      return null;
    }
    MemorySegment segment = smallest.getValue().pop();
    if (smallest.getValue().isEmpty()) {
      free.remove(smallest.getKey());
    }
    freeAddresses.remove(segment.address());
    retainedBytes -= segment.byteSize();
    return segment;
  }

  /**
   * Takes a buffer back.
   *
   * @param segment a buffer that {@link #acquire} of this pool returned, which the caller no longer
   *     uses
   * @throws IllegalStateException if it has been given back already
   */
  public synchronized void release(MemorySegment segment) {
    long size = segment.byteSize();
    if (freeAddresses.contains(segment.address())) {
      throw new IllegalStateException(
          "buffer of " + size + " bytes was released twice; drop it after the first release");
    }
    lentBytes.addAndGet(-size);
    if (retainedBytes + size > maxRetainedBytes) {
      return;
    }
    free.computeIfAbsent(size, _ -> new ArrayDeque<>()).push(segment);
    freeAddresses.add(segment.address());
    retainedBytes += size;
  }

  /** Lets go of every buffer that is not in use. */
  public synchronized void clear() {
    free.clear();
    freeAddresses.clear();
    retainedBytes = 0;
  }

  /**
   * Returns how many bytes lie in the pool, free for use.
   *
   * @return bytes
   */
  public synchronized long retainedBytes() {
    return retainedBytes;
  }

  /**
   * Returns how many bytes were handed out and not given back: 0 once all owners are closed,
   * whatever has failed. What an owner has dropped instead is counted, though the garbage collector
   * frees it.
   *
   * @return bytes
   */
  public long lentBytes() {
    return lentBytes.get();
  }

  private static MemorySegment allocate(long bytes) {
    return Arena.ofAuto().allocate(bytes, ALIGNMENT);
  }

  /** Rounds up to a power of two or to one of the fifteen steps between two of them. */
  static long sizeClass(long minBytes) {
    if (minBytes <= SMALLEST) {
      return SMALLEST;
    }
    long step = Long.highestOneBit(minBytes - 1) >>> 4;
    return Math.multiplyExact(Math.ceilDiv(minBytes, step), step);
  }
}
