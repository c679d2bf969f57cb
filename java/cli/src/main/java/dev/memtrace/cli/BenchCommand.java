// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.cli.bench.Bench;
import dev.memtrace.cli.bench.BenchBackend.Spec;
import dev.memtrace.cli.bench.BenchWorkload;
import dev.memtrace.cli.bench.Measurement;
import dev.memtrace.instrument.StageListener;
import dev.memtrace.workload.LogShape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec.Target;

/** Measures backends. */
@Command(
    name = "bench",
    description = {
      "Measures what the traces of a log cost on each backend: the same logs in turns, in one run,"
          + " after runs that do not count. Figures are given only if all backends and runs have"
          + " made the same traces; otherwise the exit code is 1."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class BenchCommand implements Callable<Integer> {
  private static final String HTML = "--html";
  private static final String NONE = "none";
  private static final int MOST_RUNS = 1_000_000;

  @ParentCommand private MemtraceCommand parent;

  @picocli.CommandLine.Spec(Target.SELF)
  private CommandSpec command;

  @Mixin private ThreadsOption threads;
  @Mixin private JsonOption json;

  @Parameters(
      paramLabel = "BUNDLE",
      arity = "0..*",
      description = "Folders of bundles with logs to measure with; without one, made logs are.")
  private List<Path> folders = List.of();

  @Option(
      names = "--backends",
      paramLabel = "LIST",
      split = ",",
      description = {
        "Backends to compare, separated by commas (default: cpu, and cuda before it where there is"
            + " a GPU)."
      })
  private @Nullable List<String> backends;

  @Option(
      names = "--workloads",
      paramLabel = "LIST",
      split = ",",
      description = {
        "Made logs to measure with: riscv-registers, streaming, random-4-cell, unaligned-mix,"
            + " sparse-chunks (default: all, or none beside bundles)."
      })
  private @Nullable List<String> workloads;

  @Option(
      names = "--scale",
      paramLabel = "N",
      defaultValue = "10^5",
      description = "Entries of a made log (default: ${DEFAULT-VALUE}).")
  private String scale = "";

  @Option(
      names = "--sizes",
      paramLabel = "LIST",
      description = {
        "Further lengths of made logs, to plot the cost against: numbers and ranges such as"
            + " 10^4..10^8, or none (default: 10^4)."
      })
  private @Nullable String sizes;

  @Option(
      names = "--thread-counts",
      paramLabel = "LIST",
      description = {
        "Further numbers of threads for the first log on the CPU, to plot the cost against, or"
            + " none (default: 1, 2, 4 and so on up to the processors)."
      })
  private @Nullable String threadCounts;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      defaultValue = "5",
      description = "Runs that count (default: ${DEFAULT-VALUE}).")
  private int repeat;

  @Option(
      names = "--warm-up",
      paramLabel = "N",
      defaultValue = "3",
      description = "Runs before them that do not (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of made logs (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = HTML,
      paramLabel = "FILE",
      description = "Write the result with plots to FILE, a page that needs nothing else.")
  private @Nullable String html;

  @Override
  public Integer call() {
    json.check();
    if (html == null) {
      publish(measure());
      return ExitCode.DONE;
    }
    try (ReportFile page = new ReportFile(HTML, html)) {
      page.check();
      BenchReport report = measure();
      page.prepare(new BenchPage(report).html());
      publish(report);
      page.publish();
    }
    return ExitCode.DONE;
  }

  private void publish(BenchReport report) {
    json.write(parent.console(), report::write);
    if (!json.replacesText()) {
      report.print(parent.console().out());
    }
  }

  private BenchReport measure() {
    requireRuns("--repeat", repeat, 1);
    requireRuns("--warm-up", warmUp, 0);
    long entries = length("--scale", Numbers::parse, scale);
    List<Bench.Case> cases = cases(entries, specs());
    try (Progress progress = new Progress(parent.console(), cases.getFirst().workload().name())) {
      List<Measurement> measurements =
          new Bench(BenchCommand::create, warmUp, repeat, progress::at).run(cases);
      return new BenchReport(
          Version.describe(), threads.count(), warmUp, repeat, seed, entries, measurements);
    }
  }

  private void requireRuns(String option, int runs, int least) {
    if (runs < least || runs > MOST_RUNS) {
      throw usage(option + " is " + runs + "; it must be " + least + " to " + MOST_RUNS);
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(command.commandLine(), message);
  }

  /** Reads what an option says; the parser's complaint is one of the option. */
  private <T> T read(String option, Function<String, T> parser, String text) {
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      throw usage(option + ": " + e.getMessage());
    }
  }

  private long length(String option, Function<String, Long> parser, String text) {
    return requireLength(option, read(option, parser, text));
  }

  private long requireLength(String option, long length) {
    if (length < 1 || length > LogShape.maxEntries()) {
      throw usage(
          option
              + " has "
              + length
              + "; a made log has 1 to "
              + LogShape.maxEntries()
              + " entries, which is what the clock allows");
    }
    return length;
  }

  /** The backends of the table. */
  private List<Spec> specs() {
    if (backends != null) {
      if (backends.contains(TraceBackends.AUTO)) {
        throw usage(
            "--backends has "
                + TraceBackends.AUTO
                + ", but figures belong to one backend by its name; there are "
                + String.join(", ", TraceBackends.names()));
      }
      return new LinkedHashSet<>(backends)
          .stream().map(name -> new Spec(name, threads.count())).toList();
    }
    List<Spec> found = new ArrayList<>();
    for (String name : TraceBackends.names()) {
      try (TraceBackend _ =
          TraceBackends.create(name, new BackendOptions(1).chosenAutomatically())) {
        found.add(new Spec(name, threads.count()));
      } catch (BackendUnavailableException | LinkageError e) {
        // what memtrace doctor explains; the emulator is never chosen automatically
      }
    }
    return found;
  }

  private List<Bench.Case> cases(long entries, List<Spec> specs) {
    List<LogShape> shapes = shapes();
    List<BenchWorkload> table = new ArrayList<>();
    folders.forEach(folder -> table.add(BenchWorkload.of(Bundle.open(folder))));
    shapes.forEach(shape -> table.add(BenchWorkload.of(shape, entries, seed)));
    List<Bench.Case> cases = new ArrayList<>();
    for (BenchWorkload workload : table) {
      LinkedHashSet<Spec> all = new LinkedHashSet<>(specs);
      if (cases.isEmpty() && specs.stream().anyMatch(s -> s.name().equals(TraceBackends.CPU))) {
        counts().forEach(count -> all.add(new Spec(TraceBackends.CPU, count)));
      }
      cases.add(new Bench.Case(workload, List.copyOf(all)));
    }
    for (long size : lengths(shapes)) {
      if (size != entries) {
        for (LogShape shape : shapes) {
          cases.add(new Bench.Case(BenchWorkload.of(shape, size, seed), specs));
        }
      }
    }
    return cases;
  }

  private List<LogShape> shapes() {
    if (workloads == null) {
      return folders.isEmpty() ? Arrays.asList(LogShape.values()) : List.of();
    }
    return new LinkedHashSet<>(workloads)
        .stream().map(label -> read("--workloads", LogShape::of, label)).toList();
  }

  private List<Long> lengths(List<LogShape> shapes) {
    if (sizes == null) {
      return List.of(10_000L);
    }
    if (sizes.equals(NONE)) {
      return List.of();
    }
    if (shapes.isEmpty()) {
      throw usage("--sizes needs logs that can be made at any length; add --workloads");
    }
    List<Long> lengths = read("--sizes", Numbers::parseAll, sizes);
    lengths.forEach(length -> requireLength("--sizes", length));
    return lengths;
  }

  private List<Integer> counts() {
    List<Integer> counts = new ArrayList<>();
    if (threadCounts == null) {
      int most = Runtime.getRuntime().availableProcessors();
      for (int count = 1; count < most; count *= 2) {
        counts.add(count);
      }
      counts.add(Math.min(most, ThreadsOption.MAX_THREADS));
    } else if (!threadCounts.equals(NONE)) {
      for (long count : read("--thread-counts", Numbers::parseAll, threadCounts)) {
        if (count < 1 || count > ThreadsOption.MAX_THREADS) {
          throw usage(
              "--thread-counts has " + count + "; it must be 1 to " + ThreadsOption.MAX_THREADS);
        }
        counts.add((int) count);
      }
    }
    return counts;
  }

  private static TraceBackend create(Spec spec, StageListener listener) {
    return BackendOption.create(
        spec.name(), new BackendOptions(spec.threads()).withListener(listener));
  }
}
