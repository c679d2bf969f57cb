// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleGenerator;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.bundle.GenerationReport;
import dev.memtrace.bundle.Product;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
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
          + " bundle."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class GenerateCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Spec private CommandSpec spec;
  @Mixin private BackendOption backendOption;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "BUNDLE", description = "Folder of the input bundle.")
  private Path input;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder to make; must be absent or empty.")
  private Path out = Path.of("");

  private final Set<Product> products = EnumSet.noneOf(Product.class);

  @Option(
      names = "--products",
      paramLabel = "LIST",
      split = ",",
      description = {
        "What to write, separated by commas: airs, records, aux, range_counts, final, poseidon2"
            + " (default: all of them)."
      })
  void setProducts(String[] labels) {
    for (String label : labels) {
      try {
        products.add(Product.of(label.strip()));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--products: " + e.getMessage(), e);
      }
    }
  }

  @Option(
      names = "--force",
      description = "Replace the bundle in DIR, once the new one is complete.")
  private boolean force;

  @Override
  public Integer call() {
    json.check();
    Bundle bundle = Bundle.open(input);
    Set<Product> wanted = products.isEmpty() ? Product.all() : products;
    json.checkOutside(out);
    try (JsonOption.Pending pending = json.pending()) {
      GenerateReport report = new GenerateReport(generate(bundle, wanted, pending));
      pending.publish(parent.console());
      if (!json.replacesText()) {
        report.print(parent.console().out());
      }
    }
    return ExitCode.DONE;
  }

  private GenerationReport generate(
      Bundle bundle, Set<Product> wanted, JsonOption.Pending pending) {
    try (TraceBackend backend = backendOption.create();
        Progress progress = new Progress(parent.console(), Results.label(Stage.READ))) {
      BundleGenerator generator = new BundleGenerator(bundle, backend, wanted, progress);
      try (Interruption interruption = new Interruption(generator::cancel)) {
        return generate(generator, interruption, pending);
      }
    }
  }

  private GenerationReport generate(
      BundleGenerator generator, Interruption interruption, JsonOption.Pending pending) {
    try {
      return generator.generate(
          out, force, report -> pending.prepare(new GenerateReport(report)::write));
    } catch (RuntimeException e) {
      if (interruption.happened()) {
        throw new InterruptedCommandException(e);
      }
      throw e;
    }
  }
}
