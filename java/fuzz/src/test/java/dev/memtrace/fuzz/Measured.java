// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;

/** A target whose memory is measured: what an input takes is bounded by its size. */
final class Measured {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final BufferPoolMXBean NATIVE =
      ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
          .filter(pool -> pool.getName().equals("direct"))
          .findFirst()
          .orElseThrow();

  private final Target target;
  private long heap;
  private long outside;
  private long mostHeap;
  private long mostOutside;

  Measured(Target target) {
    this.target = target;
  }

  /**
   * Takes an input and fails if that takes more memory than the target says. Memory that is taken
   * once only, to load classes, does not count.
   */
  void run(byte[] input) throws IOException {
    measure(input);
    if (!isWithinLimits(input)) {
      measure(input);
    }
    Contract.require(
        isWithinLimits(input),
        "an input of %d bytes took %d bytes of heap and %d of native memory; the limits are %d and %d"
            .formatted(
                input.length, heap, outside, target.mostHeap(input), target.mostNative(input)));
    mostHeap = Math.max(mostHeap, heap);
    mostOutside = Math.max(mostOutside, outside);
  }

  private void measure(byte[] input) throws IOException {
    long heapBefore = THREADS.getCurrentThreadAllocatedBytes();
    long outsideBefore = NATIVE.getMemoryUsed();
    target.run(input);
    heap = THREADS.getCurrentThreadAllocatedBytes() - heapBefore;
    outside = NATIVE.getMemoryUsed() - outsideBefore;
  }

  private boolean isWithinLimits(byte[] input) {
    return heap <= target.mostHeap(input) && outside <= target.mostNative(input);
  }

  /** The most that an input has taken so far. */
  String most() {
    return "most memory of an input: %d KiB of heap, %d KiB of native memory"
        .formatted(mostHeap >> 10, mostOutside >> 10);
  }
}
