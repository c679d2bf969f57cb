// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.air.TraceHeight;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Everything after the log, through the backend interface. */
public class AfterLogBenchmark {
  /** A log and a backend. */
  @State(Scope.Benchmark)
  public static class Input {
    /** What {@link Workload#load} takes. */
    @Param(Workload.DEFAULT)
    public String workload;

    /** Threads of the backend. */
    @Param({"1", "2"})
    public int threads;

    Workload loaded;
    CpuBackend backend;

    /** Loads the workload. */
    @Setup(Level.Trial)
    public void load() {
      loaded = Workload.load(workload);
      backend = new CpuBackend(new BackendOptions(threads));
    }

    /** Stops the threads. */
    @TearDown(Level.Trial)
    public void stop() {
      backend.close();
    }

    TraceSession open() {
      TraceSession session = backend.open(loaded.mode(), loaded.initial());
      loaded.log().segments().forEach(session::appendSegment);
      return session;
    }

    VariableRangeChecker rangeChecker() {
      return new VariableRangeChecker(
          new RangeCheckerBus(1, loaded.initial().config().rangeMaxBits()));
    }

    long[] heights(TraceSession session) {
      long[] heights = session.currentTraceHeights();
      int adapters = loaded.mode() == MemoryMode.PERSISTENT ? 2 : 1;
      for (int i = 0; i < heights.length; i++) {
        heights[i] =
            i < adapters
                ? TraceHeight.nextPowerOfTwo(heights[i])
                : TraceHeight.nextPowerOfTwoOrZero(heights[i]);
      }
      return heights;
    }
  }

  /** A session that is finalised already. */
  @State(Scope.Benchmark)
  public static class Finalised {
    TraceSession session;
    Poseidon2Periphery hasher;

    /**
     * Finalises.
     *
     * @param input the log
     */
    @Setup(Level.Trial)
    public void finalise(Input input) {
      session = input.open();
      hasher = new Poseidon2Periphery();
      session.finalizeMemory(hasher);
    }
  }

  /**
   * Replay, records, finalisation, memory tree, memory traces and range counts.
   *
   * @param input the log
   * @return the number of AIRs
   */
  @Benchmark
  public int afterTheLog(Input input) {
    try (TraceSession session = input.open();
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      session.finalizeMemory(hasher);
      List<AirProofInput> inputs =
          session.generateAirProofInputs(input.heights(session), input.rangeChecker());
      inputs.forEach(AirProofInput::close);
      return inputs.size();
    }
  }

  /**
   * Auxiliary columns of every access, with their range counts.
   *
   * @param input the log
   * @param finalised the session
   * @return the number of words
   */
  @Benchmark
  public long auxColumns(Input input, Finalised finalised) {
    try (WordStream columns = finalised.session.generateAuxColumns(input.rangeChecker())) {
      return columns.words();
    }
  }

  /**
   * Trace of the Poseidon2 periphery with one S-box register.
   *
   * @param input the log
   * @param finalised the session
   * @return the height
   */
  @Benchmark
  public long poseidon2Trace(Input input, Finalised finalised) {
    try (TraceMatrix trace = input.backend.poseidon2Trace(finalised.hasher, 1)) {
      return trace.height();
    }
  }
}
