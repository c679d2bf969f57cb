// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that choose who makes the traces. None of them changes a byte of the result. */
final class BackendOption {
  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = TraceBackends.AUTO,
      description = {
        "Backend that makes the traces: cuda for an NVIDIA GPU, cpu, or auto for the best one that"
            + " works here (default: ${DEFAULT-VALUE}); memtrace doctor says which."
      })
  private String name = TraceBackends.AUTO;

  @Mixin private ThreadsOption threads;

  /** How many threads work on this machine. */
  int threads() {
    return threads.count();
  }

  /** Makes the backend; the refusal gives every reason a line. */
  TraceBackend create() {
    return create(name, new BackendOptions(threads.count()));
  }

  /** Makes a backend; the refusal gives every reason a line. */
  static TraceBackend create(String name, BackendOptions options) {
    try {
      return TraceBackends.create(name, options);
    } catch (BackendUnavailableException e) {
      throw new RefusedException(
          "backend " + name + " is not available here:\n  " + String.join("\n  ", e.reasons()), e);
    }
  }
}
