// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleManifest;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.bundle.SegmentReplay;
import dev.memtrace.log.AccessLog;
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
  private static final double AFTER_READ = 0.4;

  @ParentCommand private MemtraceCommand parent;
  @Mixin private BackendOption backendOption;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "BUNDLE", description = "Folder of a bundle.")
  private Path folder;

  @Override
  public Integer call() {
    json.check();
    InspectReport report = inspect(Bundle.open(folder));
    json.write(parent.console(), report::write);
    if (!json.replacesText()) {
      report.print(parent.console().out());
    }
    return ExitCode.DONE;
  }

  private InspectReport inspect(Bundle bundle) {
    BundleManifest manifest = bundle.manifest();
    try (TraceBackend backend = backendOption.create();
        Progress progress = new Progress(parent.console(), Results.label(Stage.READ));
        SegmentReplay segment = new SegmentReplay(bundle, backend)) {
      AccessLog log = segment.read(done -> progress.progress(Stage.READ, AFTER_READ * done));
      LogStatistics statistics = LogStatistics.of(log);
      long endTimestamp = log.endTimestamp();
      progress.progress(Stage.REPLAY, AFTER_READ);
      segment.replay();
      return new InspectReport(
          manifest,
          endTimestamp,
          statistics,
          TraceSizes.of(segment.memory()),
          segment.hasher().size());
    }
  }
}
