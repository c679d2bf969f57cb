// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleVerifier;
import dev.memtrace.check.CheckInterruptedException;
import dev.memtrace.check.CheckReport;
import dev.memtrace.check.TraceChecker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Checks a generated bundle without a prover. */
@Command(
    name = "verify",
    description = {
      "Checks a generated bundle without a prover: every constraint and bus of every AIR, records"
          + " against the log, memory, roots. Exits with 1 and names the first failures if"
          + " something is wrong."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class VerifyCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Spec private CommandSpec spec;
  @Mixin private ThreadsOption threads;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "BUNDLE", description = "Folder of a generated bundle.")
  private Path folder;

  private int maxFailures = TraceChecker.DEFAULT_MAX_FAILURES;

  @Option(
      names = "--max-failures",
      paramLabel = "N",
      description = "How many failures to name, 1 to 1000000 (default: 20).")
  void setMaxFailures(int value) {
    if (value < 1 || value > 1_000_000) {
      throw new ParameterException(
          spec.commandLine(), "--max-failures is " + value + "; it must be 1 to 1000000");
    }
    maxFailures = value;
  }

  @Override
  public Integer call() {
    json.check();
    VerifyReport report =
        verify(parent.console(), Bundle.open(folder), threads.count(), maxFailures);
    json.write(parent.console(), report::write);
    if (!json.replacesText()) {
      report.print(parent.console().out(), true);
    }
    return report.exitCode();
  }

  /** Checks a bundle behind a progress bar. */
  static VerifyReport verify(Console console, Bundle bundle, int threads, int maxFailures) {
    long start = System.nanoTime();
    CheckReport report;
    try (Progress progress = new Progress(console, "verify");
        Interruption _ = new Interruption(Thread.currentThread()::interrupt)) {
      report = BundleVerifier.verify(bundle, threads, maxFailures, progress::at);
    } catch (CheckInterruptedException e) {
      throw new InterruptedCommandException("interrupted; there is no verdict", e);
    }
    return new VerifyReport(
        bundle.manifest().name(),
        bundle.manifest().mode(),
        report,
        Duration.ofNanos(System.nanoTime() - start));
  }
}
