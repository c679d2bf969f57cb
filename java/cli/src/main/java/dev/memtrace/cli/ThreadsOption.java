// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.BackendOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option {@code --threads}. */
final class ThreadsOption {
  static final int MAX_THREADS = 1024;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  private @Nullable Integer threads;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads on this machine, 1 to 1024 (default: one per processor).")
  void setThreads(int value) {
    if (value < 1 || value > MAX_THREADS) {
      throw new ParameterException(
          command.commandLine(), "--threads is " + value + "; it must be 1 to " + MAX_THREADS);
    }
    threads = value;
  }

  int count() {
    return threads == null ? BackendOptions.defaults().threads() : threads;
  }
}
