// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The memory traces of a finalised session with their range counts: on the CPU padding, merging and
 * counting of the adapter rows that the replay has written.
 */
public class TracesBenchmark {
  /** A session that is finalised, anew for each call. */
  @State(Scope.Benchmark)
  public static class Finalised {
    TraceSession session;
    Poseidon2Periphery hasher;

    /**
     * Replays and hashes.
     *
     * @param input the log
     */
    @Setup(Level.Invocation)
    public void finalise(AfterLogBenchmark.Input input) {
      session = input.open();
      hasher = new Poseidon2Periphery();
      session.finalizeMemory(hasher);
    }

    /** Gives the memory back. */
    @TearDown(Level.Invocation)
    public void close() {
      hasher.close();
      session.close();
    }
  }

  /**
   * Boundary, Merkle and adapter traces.
   *
   * @param input the log
   * @param finalised the session
   * @return the number of traces
   */
  @Benchmark
  public int memoryTraces(AfterLogBenchmark.Input input, Finalised finalised) {
    List<AirProofInput> inputs =
        finalised.session.generateAirProofInputs(
            input.heights(finalised.session), input.rangeChecker());
    inputs.forEach(AirProofInput::close);
    return inputs.size();
  }
}
