// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import dev.memtrace.bundle.SegmentReplay;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.rv32.Machine;
import dev.memtrace.rv32.Program;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
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
      "Runs a program that sorts an array, makes all its traces, and prints sizes, roots and"
          + " times."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DemoCommand implements Callable<Integer> {
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
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    try (TraceBackend backend = backendOption.create();
        Machine machine =
            new Machine(Program.demo(), InputStream.nullInputStream(), output, backend.pool());
        MemoryController memory =
            SegmentReplay.controller(MemoryMode.PERSISTENT, Program.CONFIG, backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      memory.setInitialMemory(machine.initialState());
      time("execute", () -> machine.run(Integer.MAX_VALUE, Integer.MAX_VALUE));
      if (machine.status() != 0) {
        throw new IllegalStateException("the demo failed: status " + machine.status());
      }
      AccessLog log = machine.takeLog();
      long entries = log.size();
      long endTimestamp = log.endTimestamp();
      memory.setMemoryLogs(log);
      time("replay and hash", () -> memory.finalizeMemory(hasher));
      TraceSizes sizes = TraceSizes.of(memory);
      time("memory traces", () -> memory.generateAirProofInputs().forEach(AirProofInput::close));
      time("auxiliary columns", () -> close(memory.generateAuxColumns()));
      time("Poseidon2 trace", () -> close(backend.poseidon2Trace(hasher, 1)));
      return new DemoReport(
          output.toString(StandardCharsets.UTF_8),
          machine.instructions(),
          entries,
          endTimestamp,
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
