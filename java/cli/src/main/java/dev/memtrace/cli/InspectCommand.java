// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleManifest;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Describes a bundle. */
@Command(
    name = "inspect",
    description = {
      "Describes the log of a bundle and the traces that it would have; writes no trace."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class InspectCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Mixin private BackendOption backendOption;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "BUNDLE", description = "Folder of a bundle.")
  private Path folder;

  @Override
  public Integer call() {
    json.check();
    InspectReport report = inspect(Bundle.open(folder));
    if (!json.replacesText()) {
      report.print(parent.console().out());
    }
    json.write(parent.console(), report::write);
    return ExitCode.DONE;
  }

  private InspectReport inspect(Bundle bundle) {
    BundleManifest manifest = bundle.manifest();
    try (TraceBackend backend = backendOption.create();
        MemoryController memory = Memories.controller(manifest.mode(), manifest.config(), backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      AddressMap initial = bundle.readInitialMemory(bytes -> {});
      try {
        memory.setInitialMemory(initial);
      } finally {
        initial.release();
      }
      AccessLog log = bundle.readLog(backend.pool(), bytes -> {});
      LogStatistics statistics = LogStatistics.of(log);
      long endTimestamp = log.endTimestamp();
      memory.setMemoryLogs(log);
      memory.finalizeMemory(hasher);
      return new InspectReport(
          manifest, endTimestamp, statistics, TraceSizes.of(memory), hasher.size());
    }
  }
}
