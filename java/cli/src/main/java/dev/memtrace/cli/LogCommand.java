// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleManifest;
import dev.memtrace.bundle.LogConversion;
import dev.memtrace.durable.LogFile;
import dev.memtrace.durable.LogFileReport;
import dev.memtrace.durable.LogFolder;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Works on log files. */
@Command(
    name = "log",
    description = {
      "Checks, recovers and converts log files, which 'memtrace run --log' and programs with the"
          + " library write while they execute."
    },
    subcommands = {LogCommand.Check.class, LogCommand.Recover.class, LogCommand.Convert.class},
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND")
final class LogCommand implements Callable<Integer> {
  @ParentCommand private MemtraceCommand parent;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "a command is missing: check, recover or convert");
  }

  private Console console() {
    return parent.console();
  }

  /** What is done behind a progress bar until the process is told to end. */
  private static final class Task implements AutoCloseable {
    private final Progress progress;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Interruption interruption;

    Task(Console console, String label) {
      progress = new Progress(console, label);
      interruption = new Interruption(this::awaitEnd);
    }

    /** The process ends when this has, so that nothing is left behind. */
    private void awaitEnd() {
      try {
        ended.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Hears how much of a file was read. */
    LongConsumer watch(long bytes) {
      return at -> {
        goOn();
        progress.at((double) at / Math.max(1, bytes));
      };
    }

    void goOn() {
      if (interruption.happened()) {
        throw new InterruptedCommandException(new CancellationException());
      }
    }

    @Override
    public void close() {
      progress.close();
      interruption.close();
      ended.countDown();
    }
  }

  /** Says what is in a log file. */
  @Command(
      name = "check",
      description = {
        "Reads a log file to its end, or to the first thing that is not as it was written. Exits"
            + " with 1 if the log is not complete."
      },
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Check implements Callable<Integer> {
    @ParentCommand private LogCommand parent;
    @Mixin private JsonOption json;

    @Parameters(paramLabel = "FILE", description = "A log file.")
    private Path file;

    @Override
    public Integer call() {
      json.check();
      json.checkOther(file);
      LogFile log = LogFile.open(file);
      LogFileReport report;
      try (Task task = new Task(parent.console(), "check")) {
        report = log.check(BufferPool.shared(), task.watch(file.toFile().length()));
      }
      LogReport result = new LogReport(file, report);
      json.write(parent.console(), result::write);
      if (!json.replacesText()) {
        result.print(parent.console().out());
      }
      return report.intact() ? ExitCode.DONE : ExitCode.ANSWER_IS_NO;
    }
  }

  /** Makes a complete log of what is intact. */
  @Command(
      name = "recover",
      description = {
        "Writes the intact begin of a log file as a complete log, and names what is lost. FILE"
            + " itself stays as it is."
      },
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Recover implements Callable<Integer> {
    @ParentCommand private LogCommand parent;
    @Mixin private JsonOption json;

    @Parameters(paramLabel = "FILE", description = "A log file.")
    private Path file;

    @Option(
        names = "--out",
        paramLabel = "FILE",
        required = true,
        description = "Log file to make.")
    private Path out = Path.of("");

    @Option(names = "--force", description = "Replace a log file in its place.")
    private boolean force;

    @Override
    public Integer call() {
      json.check();
      json.checkOther(file);
      json.checkOther(out);
      LogFile log = LogFile.open(file);
      LogFileReport report;
      try (Task task = new Task(parent.console(), "recover");
          JsonOption.Pending pending = json.pending()) {
        report =
            LogConversion.recover(
                log,
                out,
                force,
                BufferPool.shared(),
                task.watch(file.toFile().length()),
                made -> {
                  pending.prepare(new LogReport(file, made)::write);
                  task.goOn();
                });
        pending.publish(parent.console());
      }
      if (!json.replacesText()) {
        new LogReport(file, report).printKept(out, parent.console().out());
      }
      return ExitCode.DONE;
    }
  }

  /** Makes a bundle of a log, or a log of a bundle. */
  @Command(
      name = "convert",
      description = {
        "Makes a bundle of a complete log file, for 'memtrace generate', or a log file of the log"
            + " of a bundle."
      },
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Convert implements Callable<Integer> {
    @ParentCommand private LogCommand parent;
    @Spec private CommandSpec spec;
    @Mixin private JsonOption json;

    @Parameters(paramLabel = "FROM", description = "A log file, or the folder of a bundle.")
    private Path from;

    @Option(
        names = "--out",
        paramLabel = "TO",
        required = true,
        description = "Folder of the bundle, or log file, to make.")
    private Path out = Path.of("");

    @Option(
        names = "--initial",
        paramLabel = "BUNDLE",
        description = {
          "A bundle with the memory before the first entry, for a log that did not begin with zeros."
        })
    private @Nullable Path initial;

    @Option(names = "--force", description = "Replace a bundle or log file in its place.")
    private boolean force;

    @Override
    public Integer call() {
      json.check();
      json.checkOutside(out);
      json.checkOther(out);
      json.checkOther(from);
      long entries;
      try (Task task = new Task(parent.console(), "convert");
          JsonOption.Pending pending = json.pending()) {
        LongConsumer beforeCommit =
            count -> {
              pending.prepare(generator -> write(generator, count));
              task.goOn();
            };
        entries =
            Files.isDirectory(from) ? toLog(task, beforeCommit) : toBundle(task, beforeCommit);
        pending.publish(parent.console());
      }
      if (!json.replacesText()) {
        String name = Results.printable(out.toString());
        parent.console().out().printf(Locale.ROOT, "%s: %,d entries%n", name, entries);
      }
      return ExitCode.DONE;
    }

    private void write(JsonGenerator generator, long entries) throws IOException {
      generator.writeStartObject();
      generator.writeStringField("from", from.toString());
      generator.writeStringField("out", out.toString());
      generator.writeNumberField("entries", entries);
      generator.writeEndObject();
    }

    private long toLog(Task task, LongConsumer beforeCommit) {
      if (initial != null) {
        throw new ParameterException(
            spec.commandLine(), "--initial is for a log file, and " + from + " is a folder");
      }
      Bundle bundle = Bundle.open(from);
      return LogConversion.toLog(
          bundle, out, force, BufferPool.shared(), task.watch(bundle.storedBytes()), beforeCommit);
    }

    private long toBundle(Task task, LongConsumer beforeCommit) {
      LogFile log = LogFile.open(from);
      Bundle memory = initial == null ? null : Bundle.open(initial);
      BundleManifest manifest =
          LogConversion.toBundle(
              log,
              name(),
              memory,
              out,
              force,
              BufferPool.shared(),
              task.watch(from.toFile().length()),
              beforeCommit);
      return manifest.log().count();
    }

    /** Name of the segment: that of the file. */
    private String name() {
      String name = String.valueOf(from.getFileName());
      return name.endsWith(LogFolder.ENDING)
          ? name.substring(0, name.length() - LogFolder.ENDING.length())
          : name;
    }
  }
}
