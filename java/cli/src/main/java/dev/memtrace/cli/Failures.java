// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.analysis.AnalysisLimitException;
import dev.memtrace.bundle.BundleException;
import dev.memtrace.cli.bench.BenchException;
import dev.memtrace.cli.bench.MismatchException;
import dev.memtrace.durable.LogFileException;
import dev.memtrace.offheap.OutOfNativeMemoryException;
import java.io.PrintStream;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns exceptions into messages and exit codes. */
final class Failures {
  private static final String PREFIX = "memtrace: ";

  private Failures() {}

  static int ofUsage(ParameterException e, PrintStream err) {
    err.println(PREFIX + e.getMessage());
    UnmatchedArgumentException.printSuggestions(e, err);
    CommandLine command = e.getCommandLine();
    err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    return ExitCode.REFUSED;
  }

  static int of(Throwable e, PrintStream err) {
    return switch (e) {
      case ParameterException usage -> ofUsage(usage, err);
      case AnalysisLimitException refused -> refuse(refused.getMessage(), err);
      case BenchException refused -> refuse(refused.getMessage(), err);
      case MismatchException wrong -> {
        refuse(wrong.getMessage(), err);
        yield ExitCode.ANSWER_IS_NO;
      }
      case BundleException refused -> refuse(refused.getMessage(), err);
      case LogFileException refused -> refuse(refused.getMessage(), err);
      case RefusedException refused -> refuse(refused.getMessage(), err);
      case OutOfNativeMemoryException refused -> refuse(refused.getMessage(), err);
      case InterruptedCommandException interrupted -> {
        err.println(PREFIX + interrupted.getMessage());
        yield ExitCode.INTERRUPTED;
      }
      case OutOfMemoryError memory ->
          refuse(
              "out of memory ("
                  + memory.getMessage()
                  + "); give the JVM more with MEMTRACE_JAVA_OPTS=-Xmx8g or use shorter segments",
              err);
      default -> bug(e, err);
    };
  }

  private static int refuse(@Nullable String message, PrintStream err) {
    String text = String.valueOf(message);
    err.println(PREFIX + text.lines().map(Results::printable).collect(Collectors.joining("\n")));
    return ExitCode.REFUSED;
  }

  private static int bug(Throwable e, PrintStream err) {
    err.println(PREFIX + "this is a bug; please report it with the command and what follows");
    err.println(PREFIX + Version.describe());
    e.printStackTrace(err);
    return ExitCode.BUG;
  }
}
