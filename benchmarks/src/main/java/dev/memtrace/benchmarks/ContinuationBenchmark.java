// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A segment that touches 1,000 chunks of an image of many more. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 3,
    jvmArgsAppend = {"-Xmx4g", "-XX:MaxDirectMemorySize=8g"})
public class ContinuationBenchmark {
  private static final int TOUCHED = 1000;
  private static final int SPACE = 2;

  /** Chunks of the image, all of them not zero. */
  @Param({"10000", "1000000"})
  public int chunks;

  private CpuBackend backend;
  private AddressMap image;
  private MemoryState state;
  private int next;

  /** Makes the image and hashes it. */
  @Setup(Level.Trial)
  public void makeImage() {
    backend = new CpuBackend(new BackendOptions(1));
    MemoryConfig config = MemoryConfig.defaults();
    image = new AddressMap(config);
    for (int pointer = 0; pointer < 8 * chunks; pointer++) {
      image.set(SPACE, pointer, pointer + 1);
    }
    state = MemoryState.copyOf(image, config, BufferPool.shared());
  }

  /** Gives the memory back. */
  @TearDown(Level.Trial)
  public void close() {
    state.close();
    image.release();
    backend.close();
  }

  /**
   * The state that the segment before has left.
   *
   * @return a word of the root
   */
  @Benchmark
  public int movedState() {
    try (MemoryController memory = controller()) {
      memory.setInitialMemory(state);
      int root = segment(memory);
      state = memory.finalState();
      return root;
    }
  }

  /**
   * The same image for every segment, copied and hashed again.
   *
   * @return a word of the root
   */
  @Benchmark
  public int copiedImage() {
    try (MemoryController memory = controller()) {
      memory.setInitialMemory(image);
      return segment(memory);
    }
  }

  private MemoryController controller() {
    return MemoryController.withPersistentMemory(
        new MemoryBus(0),
        MemoryConfig.defaults(),
        new VariableRangeChecker(new RangeCheckerBus(3, 17)),
        new MerkleBus(1),
        new CompressionBus(2),
        backend);
  }

  private int segment(MemoryController memory) {
    for (int i = 0; i < TOUCHED; i++) {
      // The same chunks of 20 pages, however large the image is.
      memory.writeCell(SPACE, 80 * i, ++next & 0xFFFFFF);
    }
    try (Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      memory.finalizeMemory(hasher);
    }
    return memory.finalRoot()[0];
  }
}
