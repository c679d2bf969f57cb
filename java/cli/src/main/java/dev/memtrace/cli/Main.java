// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParseResult;

/** The memtrace command. */
public final class Main {
  private Main() {}

  /**
   * Runs the command and ends the process with its exit code.
   *
   * @param args arguments of the command line
   */
  public static void main(String[] args) {
    LogLines.install(System.err);
    System.exit(run(args, System.out, System.err));
  }

  /**
   * Runs the command in this process.
   *
   * @param args arguments of the command line
   * @param out receives the result
   * @param err receives everything else
   * @return the exit code: 0 done, 1 done and the answer is no, 2 refused, 3 a bug, 130
   *     interrupted; with {@code --timeout} this may end the process with exit code 124 instead
   */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    return run(args, new Console(out, err));
  }

  static int run(String[] args, Console console) {
    PrintStream out = console.out();
    PrintStream err = console.err();
    CommandLine command = MemtraceCommand.commandLine(console, args);
    command.setOut(writer(out));
    command.setErr(writer(err));
    command.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
    command.setCaseInsensitiveEnumValuesAllowed(true);
    command.setExecutionStrategy(parsed -> inTime(parsed, err));
    command.setParameterExceptionHandler((e, _) -> Failures.ofUsage(e, err));
    command.setExecutionExceptionHandler((e, _, _) -> Failures.of(e, err));
    int code;
    try {
      code = command.execute(args);
    } catch (Throwable e) { // what picocli lets through: errors of the virtual machine
      code = Failures.of(e, err);
    }
    if (code == ExitCode.DONE && out.checkError()) {
      err.println("memtrace: standard output cannot be written; it is closed or its disk is full");
      return ExitCode.REFUSED;
    }
    return code;
  }

  private static int inTime(ParseResult parsed, PrintStream err) {
    CommandLine.IExecutionStrategy last = new CommandLine.RunLast();
    Duration timeout =
        parsed.commandSpec().root().userObject() instanceof MemtraceCommand root
            ? root.timeout()
            : null;
    if (timeout == null) {
      return last.execute(parsed);
    }
    try (Deadline _ = new Deadline(timeout, err, Runtime.getRuntime()::exit)) {
      return last.execute(parsed);
    }
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }
}
