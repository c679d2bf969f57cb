// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.merkle.Leaves;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A chain of many small segments: the memory that it takes does not grow with it, and its last root
 * is that of the cells. {@code -Dmemtrace.limits=full} makes 100,000 segments of it.
 */
class LongChainTest {
  private static final int SEGMENTS =
      "full".equals(System.getProperty("memtrace.limits")) ? 100_000 : 1_000;

  private static final int CHUNK = MemoryConfig.CHUNK;
  private static final MemoryConfig CONFIG =
      Controllers.SMALL.withAccessCapacity(0).withPointerMaxBits(14);

  private static MemoryController open(CpuBackend backend) {
    return MemoryController.withPersistentMemory(
        new MemoryBus(1),
        CONFIG,
        Controllers.rangeChecker(CONFIG),
        new MerkleBus(3),
        new CompressionBus(4),
        backend);
  }

  @Test
  @Timeout(1_200)
  void takesNoMoreMemoryThanAShortOne() {
    AtomicLong allocated = new AtomicLong();
    BufferPool pool =
        new BufferPool(
            1L << 28,
            bytes -> {
              allocated.addAndGet(bytes);
              return Arena.ofAuto().allocate(bytes, 64);
            });
    Random random = new Random(SEGMENTS);
    Leaves leaves = new Leaves();
    long afterAFew = 0;
    try (CpuBackend backend = new CpuBackend(new BackendOptions(1), pool)) {
      MemoryState state = null;
      for (int segment = 0; segment < SEGMENTS; segment++) {
        try (MemoryController controller = open(backend);
            Poseidon2Periphery hasher = new Poseidon2Periphery(pool)) {
          if (state != null) {
            controller.setInitialMemory(state);
          }
          // Every page is touched soon, so that the tree does not grow for ever.
          long leaf =
              segment < 200
                  ? (long) segment
                      * MemoryConfig.PAGE_SIZE
                      / CHUNK
                      % (1L << CONFIG.dimensions().overallHeight())
                  : random.nextInt(1 << 10);
          int[] chunk = Leaves.randomChunk(random);
          controller.write(
              Leaves.space(CONFIG, leaf),
              Leaves.pointer(CONFIG, leaf),
              CHUNK,
              chunk,
              0,
              new int[CHUNK],
              0);
          leaves.change(leaf, chunk);
          controller.finalizeMemory(hasher);
          state = controller.finalState();
        }
        if (segment == SEGMENTS / 2) {
          afterAFew = allocated.get();
        }
      }
      assertThat(allocated.get()).as("bytes that a half of the chain took").isEqualTo(afterAFew);
      try (MemoryState last = Objects.requireNonNull(state)) {
        assertThat(last.root()).isEqualTo(leaves.digest(CONFIG.dimensions().overallHeight(), 0));
        leaves.forEach(
            (leaf, chunk) -> {
              int[] cells = new int[CHUNK];
              last.image()
                  .read(Leaves.space(CONFIG, leaf), Leaves.pointer(CONFIG, leaf), CHUNK, cells, 0);
              assertThat(cells).isEqualTo(chunk);
            });
      }
    }
  }
}
