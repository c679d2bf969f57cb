// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.bundle.Bundle;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.workload.LogShape;
import java.util.function.Function;

/**
 * A log to measure with.
 *
 * @param name name in reports
 * @param shape the shape of a made log, empty for that of a bundle
 * @param entries its length
 * @param loader makes or reads it into memory of a pool
 */
public record BenchWorkload(
    String name, String shape, long entries, Function<BufferPool, Loaded> loader) {
  /**
   * A log in memory.
   *
   * @param mode mode of the memory
   * @param initial memory before the first access
   * @param log the accesses
   */
  public record Loaded(MemoryMode mode, AddressMap initial, AccessLog log)
      implements AutoCloseable {
    /** Gives the memory back. */
    @Override
    public void close() {
      log.release();
      initial.release();
    }
  }

  /**
   * A made log.
   *
   * @param shape its shape
   * @param entries its length
   * @param seed its seed
   * @return the workload
   */
  public static BenchWorkload of(LogShape shape, long entries, long seed) {
    return new BenchWorkload(
        shape.label(),
        shape.label(),
        entries,
        pool ->
            new Loaded(
                MemoryMode.PERSISTENT,
                new AddressMap(MemoryConfig.defaults()),
                shape.generate(entries, seed, pool)));
  }

  /**
   * The log of a bundle.
   *
   * @param bundle the bundle
   * @return the workload
   */
  public static BenchWorkload of(Bundle bundle) {
    return new BenchWorkload(
        bundle.manifest().name(),
        "",
        bundle.manifest().log().count(),
        pool ->
            new Loaded(
                bundle.manifest().mode(),
                bundle.readInitialMemory(_ -> {}),
                bundle.readLog(pool, _ -> {})));
  }

  /**
   * Says whether the log is a made one.
   *
   * @return false for that of a bundle
   */
  public boolean generated() {
    return !shape.isEmpty();
  }
}
