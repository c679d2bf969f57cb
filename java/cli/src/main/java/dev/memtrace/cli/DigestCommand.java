// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleDigest;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Prints the digests of a generated bundle. */
@Command(
    name = "digest",
    description = "Prints the digests of a generated bundle as JSON, in the form of golden.json.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DigestCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Mixin private ThreadsOption threads;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "BUNDLE", description = "Folder of a generated bundle.")
  private Path folder;

  @Override
  public Integer call() {
    json.check();
    Bundle bundle = Bundle.open(folder);
    String digests;
    try (Progress progress = new Progress(parent.console(), "digest")) {
      digests = BundleDigest.of(bundle, threads.count(), progress::at).toJson();
    }
    json.write(parent.console(), digests);
    if (!json.replacesText()) {
      parent.console().out().print(digests);
    }
    return ExitCode.DONE;
  }
}
