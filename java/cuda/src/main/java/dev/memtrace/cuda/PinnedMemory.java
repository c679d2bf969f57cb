// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import jcuda.driver.JCudaDriver;

/**
 * Page-locked memory of the host, which a device reads and writes while the host goes on. Lives as
 * long as it is reachable, even beyond its {@link CudaDevice}. Small buffers are ordinary memory:
 * page-locking costs more than copying them, and the driver takes small copies from ordinary memory
 * without waiting too.
 *
 * <p>The garbage collector sees nothing of this memory, so it has a limit of its own, at which
 * buffers that nobody uses are collected.
 */
final class PinnedMemory implements LongFunction<MemorySegment> {
  /** Bytes from which on buffers are page-locked. */
  static final long SMALLEST = 64 << 10;

  private static final long ALIGNMENT = 64;

  /** CU_MEMHOSTALLOC_PORTABLE: page-locked for every context. */
  private static final int PORTABLE = 1;

  /** The collector is waited for in steps of 1, 2, 4 ... milliseconds. */
  private static final int COLLECTION_STEPS = 9;

  private final PrimaryContext context;
  private final long limit;
  private long liveBytes;
  private boolean closed;

  /**
   * Creates an allocator.
   *
   * @param context where the memory is page-locked
   * @param limit bytes that may be in use at once
   */
  PinnedMemory(PrimaryContext context, long limit) {
    this.context = context;
    this.limit = limit;
  }

  /**
   * Allocates memory of arbitrary content, aligned to 64 bytes.
   *
   * @param bytes its exact size
   * @return memory that is freed when nothing refers to it
   * @throws OutOfMemoryError if there is none, even after a garbage collection
   */
  @Override
  public MemorySegment apply(long bytes) {
    if (bytes < SMALLEST) {
      return Arena.ofAuto().allocate(bytes, ALIGNMENT);
    }
    reserve(bytes);
    try {
      context.retain();
      try {
        return segment(allocate(bytes), bytes);
      } catch (RuntimeException | Error e) {
        context.release();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      unreserve(bytes);
      throw e;
    }
  }

  private long allocate(long bytes) {
    context.makeCurrent();
    Handles.HostPointer pointer = new Handles.HostPointer();
    int[] result = new int[1];
    BooleanSupplier attempt =
        () -> {
          result[0] = JCudaDriver.cuMemHostAlloc(pointer, bytes, PORTABLE);
          return result[0] != CudaResult.OUT_OF_MEMORY;
        };
    if (!attempt.getAsBoolean() && !afterCollection(attempt)) {
      throw new OutOfMemoryError(
          "the driver cannot page-lock %d bytes; %d bytes are page-locked"
              .formatted(bytes, liveBytes() - bytes));
    }
    context.check(result[0], "cuMemHostAlloc");
    return pointer.address();
  }

  @SuppressWarnings("restricted") // the driver has just allocated so many bytes there
  private MemorySegment segment(long address, long bytes) {
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes, Arena.ofAuto(), _ -> free(address, bytes));
  }

  private void reserve(long bytes) {
    if (!tryToReserve(bytes) && !afterCollection(() -> tryToReserve(bytes))) {
      throw new OutOfMemoryError(
          "%d bytes of page-locked memory, with %d of at most %d in use"
              .formatted(bytes, liveBytes(), limit));
    }
  }

  private synchronized boolean tryToReserve(long bytes) {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    if (bytes > limit - liveBytes) {
      return false;
    }
    liveBytes += bytes;
    return true;
  }

  private synchronized void unreserve(long bytes) {
    liveBytes -= bytes;
  }

  /** Tries again while the garbage collector frees what nobody uses. */
  private static boolean afterCollection(BooleanSupplier attempt) {
    System.gc();
    for (int step = 0; step < COLLECTION_STEPS; step++) {
      if (attempt.getAsBoolean()) {
        return true;
      }
      try {
        Thread.sleep(1L << step);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return attempt.getAsBoolean();
  }

  private void free(long address, long bytes) {
    unreserve(bytes);
    try {
      context.enterToClose();
      context.checkClosing(
          JCudaDriver.cuMemFreeHost(new Handles.HostPointer(address)), "cuMemFreeHost");
    } finally {
      context.release();
    }
  }

  /** Bytes that are page-locked and not yet freed. */
  synchronized long liveBytes() {
    return liveBytes;
  }

  /** Refuses further buffers; those that are in use stay. */
  synchronized void close() {
    closed = true;
  }
}
