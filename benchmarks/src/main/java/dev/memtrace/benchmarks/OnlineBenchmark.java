// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.log.LogHeader;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.CompilerControl;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A whole log driven through a controller: what an executor pays for its memory accesses. */
@State(Scope.Benchmark)
public class OnlineBenchmark {
  /** What {@link Workload#load} takes. */
  @Param(Workload.DEFAULT)
  public String workload;

  private static final int SLICE = 4096;

  private final int[] buffer = new int[32];
  private int sum;
  private int nextValue;
  private Workload loaded;
  private long[] headers;
  private int[] values;
  private CpuBackend backend;
  private MemoryController controller;

  /** Loads the workload. */
  @Setup(Level.Trial)
  public void load() {
    loaded = Workload.load(workload);
    headers = loaded.headers();
    values = loaded.values();
    backend = new CpuBackend(new BackendOptions(1));
  }

  /** Makes a controller, whose memory comes from the last one. */
  @Setup(Level.Invocation)
  public void open() {
    VariableRangeChecker rangeChecker =
        new VariableRangeChecker(new RangeCheckerBus(1, loaded.initial().config().rangeMaxBits()));
    controller =
        MemoryController.withPersistentMemory(
            new MemoryBus(0),
            loaded.initial().config(),
            rangeChecker,
            new MerkleBus(2),
            new CompressionBus(3),
            backend);
    controller.setInitialMemory(loaded.initial());
  }

  /** Gives the memory back. */
  @TearDown(Level.Invocation)
  public void close() {
    controller.close();
  }

  /**
   * Drives the log, in calls of some thousand accesses as an executor would.
   *
   * @return something that depends on every access
   */
  @Benchmark
  public int online() {
    sum = 0;
    nextValue = 0;
    for (int from = 0; from < headers.length; from += SLICE) {
      drive(from, Math.min(headers.length, from + SLICE));
    }
    return sum;
  }

  @CompilerControl(CompilerControl.Mode.DONT_INLINE)
  private void drive(int from, int to) {
    MemoryController memory = controller;
    long[] entries = headers;
    int[] written = values;
    int[] out = buffer;
    int value = nextValue;
    int mixed = sum;
    for (int i = from; i < to; i++) {
      long header = entries[i];
      int pointer = LogHeader.pointer(header);
      int space = LogHeader.addressSpace(header);
      int n = LogHeader.size(header);
      if (header >= 0) {
        memory.read(space, pointer, n, out, 0);
        mixed += out[0];
      } else if (space == 0) {
        memory.incrementTimestampBy(pointer);
      } else {
        memory.write(space, pointer, n, written, value, out, 0);
        mixed += out[0];
        value += n;
      }
    }
    nextValue = value;
    sum = mixed;
  }
}
