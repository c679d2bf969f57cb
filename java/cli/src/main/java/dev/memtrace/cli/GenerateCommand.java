// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleGenerator;
import dev.memtrace.bundle.BundleVerifier;
import dev.memtrace.bundle.ChainGenerator;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.bundle.GenerationReport;
import dev.memtrace.bundle.Product;
import dev.memtrace.check.TraceChecker;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Makes the traces of a bundle. */
@Command(
    name = "generate",
    description = {
      "Makes the traces of a bundle and writes them, with the log and the initial memory, to a new"
          + " bundle. With --chain, does so for consecutive segments of one execution, each of"
          + " which becomes a bundle DIR/NNNN-NAME."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class GenerateCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Spec private CommandSpec spec;
  @Mixin private BackendOption backendOption;
  @Mixin private OutputOption output;
  @Mixin private ProductsOption products;
  @Mixin private JsonOption json;

  @Parameters(
      paramLabel = "BUNDLE",
      arity = "1..*",
      description = "Folder of the input bundle; with --chain of each segment, in order.")
  private List<Path> inputs = List.of();

  @Option(
      names = "--chain",
      description = {
        "Check that each segment begins with the memory that the one before has left, and move"
            + " memory and its tree from segment to segment."
      })
  private boolean chain;

  @Option(
      names = "--verify",
      description = {
        "Check what was written as memtrace verify does; exit with 1 and name the first failures"
            + " if something is wrong."
      })
  private boolean verify;

  @Override
  public Integer call() {
    json.check();
    if (!chain && inputs.size() > 1) {
      throw new ParameterException(
          spec.commandLine(),
          "there are "
              + inputs.size()
              + " bundles; give one, or --chain if they are the segments of one execution");
    }
    List<Bundle> bundles = inputs.stream().map(Bundle::open).toList();
    Set<Product> wanted = products.wanted();
    if (verify) {
      requireVerifiable(bundles, wanted);
    }
    json.checkOutside(output.folder());
    try (JsonOption.Pending pending = json.pending()) {
      if (chain) {
        ChainReport report = generateChain(bundles, wanted, pending);
        publish(pending, report::print);
        return verify(report.segments().stream().map(GenerateReport::report).toList());
      }
      GenerateReport report = generate(bundles.getFirst(), wanted, pending);
      publish(pending, report::print);
      return verify(List.of(report.report()));
    }
  }

  /** Refuses to leave out what a check needs, before any work is done. */
  private void requireVerifiable(List<Bundle> bundles, Set<Product> wanted) {
    Set<Product> missing = EnumSet.noneOf(Product.class);
    bundles.forEach(bundle -> missing.addAll(BundleVerifier.required(bundle.manifest().mode())));
    missing.removeAll(wanted);
    if (!missing.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "--verify needs "
              + String.join(", ", missing.stream().map(Product::label).toList())
              + " among the products; add them to --products or leave --verify out");
    }
  }

  private int verify(List<GenerationReport> made) {
    int code = ExitCode.DONE;
    for (GenerationReport one : verify ? made : List.<GenerationReport>of()) {
      VerifyReport report =
          VerifyCommand.verify(
              parent.console(),
              Bundle.open(one.target()),
              backendOption.threads(),
              TraceChecker.DEFAULT_MAX_FAILURES);
      report.print(json.replacesText() ? parent.console().err() : parent.console().out(), false);
      code = Math.max(code, report.exitCode());
    }
    return code;
  }

  private void publish(JsonOption.Pending pending, Consumer<PrintStream> text) {
    pending.publish(parent.console());
    if (!json.replacesText()) {
      text.accept(parent.console().out());
    }
  }

  private GenerateReport generate(Bundle bundle, Set<Product> wanted, JsonOption.Pending pending) {
    try (TraceBackend backend = backendOption.create();
        Progress progress = new Progress(parent.console(), Results.label(Stage.READ))) {
      BundleGenerator generator = new BundleGenerator(bundle, backend, wanted, progress);
      return interruptibly(
          generator::cancel,
          () ->
              new GenerateReport(
                  generator.generate(
                      output.folder(),
                      output.force(),
                      report -> pending.prepare(new GenerateReport(report)::write))));
    }
  }

  private ChainReport generateChain(
      List<Bundle> segments, Set<Product> wanted, JsonOption.Pending pending) {
    try (TraceBackend backend = backendOption.create();
        Progress progress = new Progress(parent.console(), Results.label(Stage.READ))) {
      ChainGenerator generator = new ChainGenerator(segments, backend, wanted, progress);
      return interruptibly(
          generator::cancel,
          () ->
              ChainReport.of(
                  output.folder(),
                  generator.generate(
                      output.folder(),
                      output.force(),
                      reports ->
                          pending.prepare(ChainReport.of(output.folder(), reports)::write))));
    }
  }

  private static <T> T interruptibly(Runnable cancel, Supplier<T> work) {
    try (Interruption interruption = new Interruption(cancel)) {
      try {
        return work.get();
      } catch (RuntimeException e) {
        if (interruption.happened()) {
          throw new InterruptedCommandException(e);
        }
        throw e;
      }
    }
  }
}
