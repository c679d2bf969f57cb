// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.analysis.AccessAnalysis;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.bundle.SegmentReplay;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.AccessLog;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Describes a bundle. */
@Command(
    name = "inspect",
    description = {
      "Describes the log of a bundle and the traces that it would have, what they cost and which"
          + " accesses are to blame; writes no trace."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class InspectCommand implements Callable<Integer> {
  private static final String HTML = "--html";
  private static final double AFTER_READ = 0.3;
  private static final double AFTER_ANALYSIS = 0.7;

  @ParentCommand private MemtraceCommand parent;
  @Mixin private BackendOption backendOption;
  @Mixin private JsonOption json;

  @Option(
      names = HTML,
      paramLabel = "FILE",
      description = "Write the result with pictures to FILE, a page that needs nothing else.")
  private @Nullable String html;

  @Parameters(paramLabel = "BUNDLE", description = "Folder of a bundle.")
  private Path folder;

  @Override
  public Integer call() {
    json.check();
    if (html == null) {
      publish(inspect(Bundle.open(folder)));
      return ExitCode.DONE;
    }
    try (ReportFile page = new ReportFile(HTML, html)) {
      page.check();
      InspectReport report = inspect(Bundle.open(folder));
      page.prepare(new InspectPage(report).html());
      publish(report);
      page.publish();
    }
    return ExitCode.DONE;
  }

  private void publish(InspectReport report) {
    json.write(parent.console(), report::write);
    if (!json.replacesText()) {
      report.print(parent.console().out());
    }
  }

  private InspectReport inspect(Bundle bundle) {
    try (TraceBackend backend = backendOption.create();
        Progress progress = new Progress(parent.console(), Results.label(Stage.READ));
        SegmentReplay segment = new SegmentReplay(bundle, backend)) {
      AccessLog log = segment.read(done -> progress.progress(Stage.READ, AFTER_READ * done));
      long entries = log.size();
      long endTimestamp = log.endTimestamp();
      MemoryMode mode = bundle.manifest().mode();
      AccessAnalysis analysis = analyse(mode, log, progress);
      progress.progress(Stage.REPLAY, AFTER_ANALYSIS);
      segment.replay();
      return new InspectReport(
          bundle.manifest(),
          endTimestamp,
          new LogStatistics(analysis, entries),
          TraceSizes.of(segment.memory()),
          segment.hasher().size(),
          analysis);
    }
  }

  private static AccessAnalysis analyse(MemoryMode mode, AccessLog log, Progress progress) {
    double share = AFTER_ANALYSIS - AFTER_READ;
    return AccessAnalysis.of(mode, log, done -> progress.at("analyse", AFTER_READ + share * done));
  }
}
