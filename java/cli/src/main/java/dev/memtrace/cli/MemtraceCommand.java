// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command without a subcommand: prints its help. */
@Command(
    name = "memtrace",
    description = {"Memory access logs in, STARK memory traces out."},
    subcommands = {
      RunCommand.class,
      GenerateCommand.class,
      DigestCommand.class,
      FingerprintCommand.class,
      InspectCommand.class,
      VerifyCommand.class,
      BenchCommand.class,
      LogCommand.class,
      DemoCommand.class,
      DoctorCommand.class
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "  0:done",
      "  1:done, and the answer is no",
      "  2:refused, with nothing written",
      "  3:a bug of memtrace",
      "130:interrupted"
    })
final class MemtraceCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  private final Console console;

  MemtraceCommand(Console console) {
    this.console = console;
  }

  Console console() {
    return console;
  }

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(),
        "a command is missing: run, generate, digest, fingerprint, inspect, verify, bench, log, demo or doctor");
  }
}
