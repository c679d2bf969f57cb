// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options {@code --out} and {@code --force}: the folder that a command makes. */
final class OutputOption {
  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder to make; must be absent or empty.")
  private Path folder = Path.of("");

  @Option(
      names = "--force",
      description = "Replace the bundle or bundles in DIR, once the new ones are complete.")
  private boolean force;

  Path folder() {
    return folder;
  }

  /** Whether bundles in the folder are replaced. */
  boolean force() {
    return force;
  }
}
