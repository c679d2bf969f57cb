// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.workload.LogShape;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a made log needs in native memory of the host, by two short logs of its shape: memory grows
 * linearly with the length.
 */
final class MemoryNeed {
  /** Longer logs are looked at before they are made. */
  static final long UNCHECKED = 1L << 20;

  private static final long SHORT = 1L << 15;
  private static final long LONG = 1L << 17;

  private final long shorter;
  private final long longer;

  private MemoryNeed(long shorter, long longer) {
    this.shorter = shorter;
    this.longer = longer;
  }

  static MemoryNeed of(LogShape shape) {
    return new MemoryNeed(bytes(shape, SHORT), bytes(shape, LONG));
  }

  /** Bytes of a log of some length, of the copy that is driven, and of everything made of it. */
  long bytes(long entries) {
    double perEntry = (double) (longer - shorter) / (LONG - SHORT);
    return (long) (longer + perEntry * (entries - LONG));
  }

  /**
   * Refuses a log that does not fit.
   *
   * @param shape its shape
   * @param entries its length
   * @param available bytes that can be had
   */
  static void require(LogShape shape, long entries, long available) {
    if (entries <= UNCHECKED) {
      return;
    }
    long need = of(shape).bytes(entries);
    if (need > available) {
      throw new BenchException(
          "%s of %,d entries needs about %,d bytes of native memory and %,d can be had; measure it shorter, leave it out with --workloads, or use a machine with more memory"
              .formatted(shape.label(), entries, need, available));
    }
  }

  /** Bytes of native memory that this process can have: its own limit and what the machine has. */
  static long available() {
    HotSpotDiagnosticMXBean machine =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long limit = Long.parseLong(machine.getVMOption("MaxDirectMemorySize").getValue());
    if (limit == 0) {
      limit = Runtime.getRuntime().maxMemory();
    }
    return Math.min(limit, HostMemory.available().orElse(Long.MAX_VALUE));
  }

  /** Bytes that one run takes, nothing of which was there before. */
  private static long bytes(LogShape shape, long entries) {
    AtomicLong taken = new AtomicLong();
    BufferPool pool =
        new BufferPool(
            Long.MAX_VALUE,
            bytes -> {
              taken.addAndGet(bytes);
              return Arena.ofAuto().allocate(bytes, 64);
            });
    try (CpuBackend backend = new CpuBackend(new BackendOptions(1), pool);
        BenchWorkload.Loaded loaded = BenchWorkload.of(shape, entries, 1).loader().apply(pool)) {
      Pipeline.run(backend, loaded, new StageTotals());
    }
    return taken.get();
  }
}
