// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import dev.memtrace.bundle.SegmentReplay;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** Shows the whole way from accesses to traces on a small program. */
@Command(
    name = "demo",
    description = {
      "Sorts an array on a memory controller, makes all its traces, and prints sizes, roots and"
          + " times."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DemoCommand implements Callable<Integer> {
  private static final int ARRAY_LENGTH = 4096;
  private static final long SEED = 2026;

  @ParentCommand private MemtraceCommand parent;
  @Mixin private BackendOption backendOption;
  @Mixin private JsonOption json;

  private final Map<String, Duration> times = new LinkedHashMap<>();

  @Override
  public Integer call() {
    json.check();
    DemoReport report = run();
    json.write(parent.console(), report::write);
    if (!json.replacesText()) {
      report.print(parent.console().out());
    }
    return ExitCode.DONE;
  }

  private DemoReport run() {
    try (TraceBackend backend = backendOption.create();
        MemoryController memory =
            SegmentReplay.controller(MemoryMode.PERSISTENT, MemoryConfig.defaults(), backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      SortProgram program = new SortProgram(memory, ARRAY_LENGTH);
      time("execute", () -> program.run(SEED));
      if (!program.isSorted()) {
        throw new IllegalStateException("the array is not sorted: memory returned wrong values");
      }
      long entries = memory.memoryLogs().size();
      time("replay and hash", () -> memory.finalizeMemory(hasher));
      TraceSizes sizes = TraceSizes.of(memory);
      time("memory traces", () -> memory.generateAirProofInputs().forEach(AirProofInput::close));
      time("auxiliary columns", () -> close(memory.generateAuxColumns()));
      time("Poseidon2 trace", () -> close(backend.poseidon2Trace(hasher, 1)));
      return new DemoReport(
          ARRAY_LENGTH,
          entries,
          memory.timestamp(),
          backend.description(),
          sizes,
          hasher.size(),
          Poseidon2Air.width(1),
          list(memory.initialRoot()),
          list(memory.finalRoot()),
          times);
    }
  }

  private static void close(WordStream words) {
    words.close();
  }

  private static void close(TraceMatrix trace) {
    trace.close();
  }

  private void time(String stage, Runnable work) {
    long start = System.nanoTime();
    work.run();
    times.put(stage, Duration.ofNanos(System.nanoTime() - start));
  }

  private static List<Integer> list(int[] root) {
    return Arrays.stream(root).boxed().toList();
  }
}
