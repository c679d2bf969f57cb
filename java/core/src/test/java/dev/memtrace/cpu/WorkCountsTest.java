// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.poseidon2.Poseidon2Batch;
import dev.memtrace.workload.LogShape;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Work that does not depend on the machine: who makes a segment dearer sees it here. */
class WorkCountsTest {
  private static final int ENTRIES = 20_000;

  /** Counts what it computes. */
  private static final class Counting implements Poseidon2Batch {
    final AtomicLong permutations = new AtomicLong();

    @Override
    public String name() {
      return "counting";
    }

    @Override
    public void compress(
        int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
      permutations.addAndGet(count);
      Poseidon2Batch.portable().compress(inputs, inputOffset, outputs, outputOffset, count);
    }
  }

  private static MemoryController controller(CpuBackend backend) {
    return MemoryController.withPersistentMemory(
        new MemoryBus(0),
        MemoryConfig.defaults(),
        new VariableRangeChecker(new RangeCheckerBus(3, 17)),
        new MerkleBus(1),
        new CompressionBus(2),
        backend);
  }

  /**
   * Runs a segment; returns how many touched chunks and nodes have another input after it than
   * before.
   */
  private static long run(CpuBackend backend, LogShape shape, int entries) {
    AccessLog log = shape.generate(entries, 1, backend.pool());
    try (MemoryController memory = controller(backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      memory.setMemoryLogs(log);
      memory.finalizeMemory(hasher);
      List<AirProofInput> inputs = memory.generateAirProofInputs();
      long changed =
          changedPairs(inputs.get(0), PersistentBoundaryAir.VALUES, 8)
              + changedPairs(inputs.get(1), MerkleAir.LEFT_HASH, 16);
      inputs.forEach(AirProofInput::close);
      memory.generateAuxColumns().close();
      backend.poseidon2Trace(hasher, 1).close();
      return changed;
    }
  }

  /** Pairs of a row before the segment and one after it that differ in some columns. */
  private static long changedPairs(AirProofInput input, int from, int columns) {
    TraceMatrix trace = input.trace();
    return LongStream.range(0, input.usedRows() / 2)
        .filter(
            pair ->
                IntStream.range(from, from + columns)
                    .anyMatch(c -> trace.get(2 * pair, c) != trace.get(2 * pair + 1, c)))
        .count();
  }

  /** What was only read keeps its hash, and zeros are known. */
  @ParameterizedTest
  @EnumSource
  void eachChangedNodeIsHashedOnce(LogShape shape) {
    for (int threads = 1; threads <= 2; threads++) {
      Counting batch = new Counting();
      BufferPool pool = new BufferPool(Long.MAX_VALUE);
      try (CpuBackend backend = new CpuBackend(new BackendOptions(threads), pool, batch)) {
        long changed = run(backend, shape, ENTRIES);
        assertThat(changed).isPositive();
        assertThat(batch.permutations.get()).isEqualTo(changed);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSecondSegmentAllocatesNoNativeMemory(LogShape shape) {
    AtomicLong buffers = new AtomicLong();
    BufferPool pool =
        new BufferPool(
            Long.MAX_VALUE,
            bytes -> {
              buffers.incrementAndGet();
              return Arena.ofAuto().allocate(bytes, 64);
            });
    try (CpuBackend backend = new CpuBackend(new BackendOptions(1), pool)) {
      run(backend, shape, ENTRIES);
      long first = buffers.getAndSet(0);
      run(backend, shape, ENTRIES);
      assertThat(first).isPositive();
      assertThat(buffers.get()).isZero();
    }
  }

  /** Beside the objects of a new log segment, 65,536 entries each. */
  @Test
  void accessesAllocateNothing() {
    ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    int accesses = 1 << 20;
    try (CpuBackend backend = new CpuBackend(new BackendOptions(1));
        MemoryController memory = controller(backend)) {
      access(memory, accesses);
      long before = threads.getCurrentThreadAllocatedBytes();
      access(memory, accesses);
      long bytes = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat((double) bytes / accesses).isLessThan(0.1);
    }
  }

  private static void access(MemoryController memory, int accesses) {
    int[] cells = new int[32];
    int[] previous = new int[32];
    for (int i = 0; i < accesses; i += 4) {
      int pointer = 32 * (i & 0xFFF);
      memory.write(2, pointer, 4, cells, 0, previous, 0);
      memory.read(2, pointer + 8, 4, cells, 0);
      memory.write(1, (i & 31) * 4, 4, cells, 4, previous, 0);
      memory.read(2, pointer + 1, 32, cells, 0);
    }
  }
}
