// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.bundle.Bundle;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * A log to measure with: that of a bundle, or a made one of the shape of a RISC-V program.
 *
 * @param mode mode of the memory
 * @param initial memory before the first access
 * @param log the accesses
 */
public record Workload(MemoryMode mode, AddressMap initial, AccessLog log) {
  /** Name of the made workload. */
  public static final String SYNTHETIC = "synthetic";

  private static final int SYNTHETIC_INSTRUCTIONS = 1_000_000;
  private static final int REGISTERS = 1;
  private static final int MEMORY = 2;

  /**
   * Loads a workload.
   *
   * @param name a bundle folder, or {@link #SYNTHETIC}
   * @return the workload
   */
  public static Workload load(String name) {
    if (name.equals(SYNTHETIC)) {
      return synthetic();
    }
    Bundle bundle = Bundle.open(Path.of(name));
    return new Workload(
        bundle.manifest().mode(),
        bundle.readInitialMemory(_ -> {}),
        bundle.readLog(BufferPool.shared(), _ -> {}));
  }

  private static Workload synthetic() {
    MemoryConfig config = MemoryConfig.defaults();
    AccessLog log = new AccessLog(config);
    SplittableRandom random = new SplittableRandom(1);
    int[] word = new int[4];
    int hot = 0;
    for (int i = 0; i < SYNTHETIC_INSTRUCTIONS; i++) {
      log.appendRead(REGISTERS, 4 * (8 + random.nextInt(8)), 4);
      if (random.nextInt(8) == 0) {
        log.appendIncrement(1);
      } else {
        log.appendRead(REGISTERS, 4 * random.nextInt(32), 4);
      }
      if (random.nextInt(4) == 0) {
        hot = random.nextInt(16) == 0 ? random.nextInt(1 << 18) : hot + 1 & 0x3FFFF;
        log.appendRead(MEMORY, 4 * hot, 4);
      }
      for (int j = 0; j < 4; j++) {
        word[j] = random.nextInt(256);
      }
      log.appendWrite(REGISTERS, 4 * (8 + random.nextInt(8)), 4, word, 0);
    }
    return new Workload(MemoryMode.PERSISTENT, new AddressMap(config), log);
  }

  /**
   * Returns the headers of all entries on the heap.
   *
   * @return packed headers in log order
   */
  long[] headers() {
    long[] headers = new long[Math.toIntExact(log.size())];
    int at = 0;
    for (LogSegment segment : log.segments()) {
      for (int i = 0; i < segment.entries(); i++) {
        headers[at++] = segment.header(i);
      }
    }
    return headers;
  }

  /**
   * Returns all written cells on the heap.
   *
   * @return values in log order
   */
  int[] values() {
    int words = log.segments().stream().mapToInt(LogSegment::valueWords).sum();
    int[] values = new int[words];
    int at = 0;
    for (LogSegment segment : log.segments()) {
      for (int i = 0; i < segment.valueWords(); i++) {
        values[at++] = segment.value(i);
      }
    }
    return values;
  }

  /**
   * Counts the entries that are accesses.
   *
   * @return accesses
   */
  long accesses() {
    long count = 0;
    for (long header : headers()) {
      count += LogHeader.isIncrement(header) ? 0 : 1;
    }
    return count;
  }
}
