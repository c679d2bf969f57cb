// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.BackendLimits;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;

/**
 * What a device could do at best: copies within its memory and from and to the host, and
 * permutations in large batches.
 */
final class DeviceLimits {
  /** More than the caches of any device. */
  private static final long COPIED_BYTES = 512L << 20;

  /** Enough for the bus to reach its speed. */
  private static final long TRANSFERRED_BYTES = 64L << 20;

  /** Enough to fill any device several times. */
  private static final long ITEMS = 1L << 21;

  /** The emulator runs on the host, and its figures say nothing about a device. */
  private static final long EMULATED_SHARE = 256;

  private static final int LOOPS = 7;

  private DeviceLimits() {}

  /**
   * Measures by the clock of the device.
   *
   * @param device the device, with room for twice the bytes that are copied
   * @param pool where page-locked memory comes from
   * @return its limits
   */
  static BackendLimits measure(CudaDevice device, BufferPool pool) {
    long share = device.emulated() ? EMULATED_SHARE : 1;
    try (CudaStream stream = device.openStream();
        DeviceScope temporary = new DeviceScope(stream);
        CudaEvent start = device.newTimingEvent();
        CudaEvent end = device.newTimingEvent()) {
      long bytes = COPIED_BYTES / share;
      DeviceBuffer from = temporary.allocate(bytes, "measured copies");
      DeviceBuffer to = temporary.allocate(bytes, "measured copies");
      stream.fill(from, 0, bytes, (byte) 0);
      double copies = best(stream, start, end, () -> stream.copy(from, 0, to, 0, bytes));
      long items = ITEMS / share;
      DeviceBuffer states =
          temporary.allocate(items * DevicePoseidon2.STATE_BYTES, "measured permutations");
      stream.fill(states, 0, states.bytes(), (byte) 0);
      double permutations = best(stream, start, end, () -> DevicePoseidon2.permute(stream, states));
      return new BackendLimits(
          2 * bytes / copies, items / permutations, transfers(stream, start, end, from, pool));
    }
  }

  /** Bytes a second between the host and a buffer, in the faster direction. */
  private static double transfers(
      CudaStream stream, CudaEvent start, CudaEvent end, DeviceBuffer buffer, BufferPool pool) {
    long bytes = Math.min(buffer.bytes(), TRANSFERRED_BYTES);
    MemorySegment onHost = pool.acquire(bytes);
    try {
      MemorySegment exact = onHost.asSlice(0, bytes);
      double up = best(stream, start, end, () -> stream.copyToDevice(exact, buffer, 0));
      double down = best(stream, start, end, () -> stream.copyToHost(buffer, 0, exact));
      return bytes / Math.min(up, down);
    } finally {
      pool.release(onHost);
    }
  }

  /** Seconds of the fastest of some runs. */
  private static double best(CudaStream stream, CudaEvent start, CudaEvent end, Runnable work) {
    double least = Double.MAX_VALUE;
    for (int i = 0; i < LOOPS; i++) {
      stream.record(start);
      work.run();
      stream.record(end);
      end.synchronize();
      least = Math.min(least, end.millisecondsSince(start) / 1e3);
    }
    stream.synchronize();
    return Math.max(least, 1e-9);
  }
}
