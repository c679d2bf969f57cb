// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleFingerprint;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Prints the fingerprints of a generated bundle. */
@Command(
    name = "fingerprint",
    description = {
      "Prints a 64-bit fingerprint of each trace of a generated bundle, as devices compute it of"
          + " traces that lie on them."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class FingerprintCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Mixin private ThreadsOption threads;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "BUNDLE", description = "Folder of a generated bundle.")
  private Path folder;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = {
        "Seed of the fingerprints, a 64-bit number; only those of one seed can be compared"
            + " (default: ${DEFAULT-VALUE})."
      })
  private long seed;

  @Override
  public Integer call() {
    json.check();
    Bundle bundle = Bundle.open(folder);
    BundleFingerprint result;
    try (Progress progress = new Progress(parent.console(), "fingerprint")) {
      result = BundleFingerprint.of(bundle, seed, threads.count(), progress::at);
    }
    json.write(parent.console(), generator -> write(generator, result));
    if (!json.replacesText()) {
      print(parent.console().out(), result);
    }
    return ExitCode.DONE;
  }

  private static String hex(BundleFingerprint.Trace trace) {
    return String.format(Locale.ROOT, "%016x", trace.fingerprint());
  }

  private static void print(PrintStream out, BundleFingerprint result) {
    for (BundleFingerprint.Trace trace : result.traces()) {
      out.println(hex(trace) + "  " + Results.printable(trace.name()));
    }
  }

  private static void write(JsonGenerator json, BundleFingerprint result) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", result.manifest().name());
    json.writeNumberField("seed", result.seed());
    json.writeArrayFieldStart("traces");
    for (BundleFingerprint.Trace trace : result.traces()) {
      json.writeStartObject();
      json.writeStringField("name", trace.name());
      json.writeNumberField("width", trace.width());
      json.writeNumberField("height", trace.height());
      json.writeStringField("fingerprint", hex(trace));
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
