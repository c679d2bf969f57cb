// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.check.CheckReport;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
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

/** The check of a segment: constraints, buses, records, memory and roots. */
@State(Scope.Benchmark)
public class VerifyBenchmark {
  /** What {@link Workload#load} takes; in persistent mode. */
  @Param("riscv-registers:1000000")
  public String workload;

  private CpuBackend backend;
  private MemoryController memory;
  private List<AirProofInput> inputs;

  /** Makes the traces. */
  @Setup(Level.Trial)
  public void generate() {
    Workload loaded = Workload.load(workload);
    backend = new CpuBackend(new BackendOptions(1));
    memory =
        MemoryController.withPersistentMemory(
            new MemoryBus(0),
            loaded.initial().config(),
            new VariableRangeChecker(
                new RangeCheckerBus(1, loaded.initial().config().rangeMaxBits())),
            new MerkleBus(2),
            new CompressionBus(3),
            backend);
    memory.setInitialMemory(loaded.initial());
    memory.setMemoryLogs(loaded.log());
    try (Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      memory.finalizeMemory(hasher);
    }
    inputs = memory.generateAirProofInputs();
  }

  /** Gives the memory back. */
  @TearDown(Level.Trial)
  public void close() {
    inputs.forEach(AirProofInput::close);
    memory.close();
    backend.close();
  }

  /**
   * Checks.
   *
   * @return the report, which finds nothing
   */
  @Benchmark
  public CheckReport verify() {
    CheckReport report = memory.checker().airs(inputs).check();
    if (!report.accepted()) {
      throw new IllegalStateException("the traces of " + workload + " were rejected");
    }
    return report;
  }
}
