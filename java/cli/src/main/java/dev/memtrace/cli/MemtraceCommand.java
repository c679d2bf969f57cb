// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command without a subcommand: prints its help. */
@Command(
    name = "memtrace",
    description = {"Memory access logs in, STARK memory traces out."},
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "  0:done",
      "  1:done, and the answer is no",
      "  2:refused, with nothing written",
      "  3:a bug of memtrace",
      "124:the time of --timeout was over",
      "130:interrupted"
    })
final class MemtraceCommand implements Callable<Integer> {
  /** The commands by name, in the order of the help. */
  static final Map<String, Supplier<Callable<Integer>>> COMMANDS = commands();

  @Spec private CommandSpec spec;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Durations.class,
      scope = ScopeType.INHERIT,
      description = {
        "End the command after so long, as Ctrl-C does, with exit code 124: 500ms, 90s, 5m, 1.5h"
            + " (default: no limit)."
      })
  private @Nullable Duration timeout;

  private final Console console;

  MemtraceCommand(Console console) {
    this.console = console;
  }

  private static Map<String, Supplier<Callable<Integer>>> commands() {
    Map<String, Supplier<Callable<Integer>>> commands = new LinkedHashMap<>();
    commands.put("run", RunCommand::new);
    commands.put("generate", GenerateCommand::new);
    commands.put("digest", DigestCommand::new);
    commands.put("fingerprint", FingerprintCommand::new);
    commands.put("inspect", InspectCommand::new);
    commands.put("verify", VerifyCommand::new);
    commands.put("bench", BenchCommand::new);
    commands.put("log", LogCommand::new);
    commands.put("demo", DemoCommand::new);
    commands.put("doctor", DoctorCommand::new);
    return Collections.unmodifiableMap(commands);
  }

  /**
   * The command line, with the one command that the arguments name or else with all of them: what
   * picocli finds out about a command takes as long as some segments.
   */
  static CommandLine commandLine(Console console, String[] args) {
    CommandLine line = new CommandLine(new MemtraceCommand(console));
    Supplier<Callable<Integer>> named = args.length == 0 ? null : COMMANDS.get(args[0]);
    if (named != null) {
      line.addSubcommand(named.get());
    } else {
      COMMANDS.values().forEach(command -> line.addSubcommand(command.get()));
    }
    return line;
  }

  /** How long the command may take, or null if nobody has said. */
  @Nullable Duration timeout() {
    return timeout;
  }

  Console console() {
    return console;
  }

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(),
        "a command is missing: give one of " + String.join(", ", COMMANDS.keySet()));
  }
}
