// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.ChainWriter;
import dev.memtrace.bundle.GenerationReport;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFolder;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.rv32.ElfException;
import dev.memtrace.rv32.GuestException;
import dev.memtrace.rv32.Machine;
import dev.memtrace.rv32.Program;
import dev.memtrace.rv32.SegmentedExecution;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Executes a program and makes its traces. */
@Command(
    name = "run",
    description = {
      "Executes an RV32IM program and writes a bundle with the traces of each segment of the"
          + " execution, DIR/NNNN-NAME. What the program prints goes to standard output. Exit code"
          + " 1 if it ends with another status than 0."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class RunCommand implements Callable<Integer> {
  private static final String ELF = ".elf";
  private static final String STANDARD_INPUT = "-";
  private static final long DEFAULT_SEGMENT_ACCESSES = 1L << 22;

  @ParentCommand private MemtraceCommand parent;
  @Spec private CommandSpec spec;
  @Mixin private BackendOption backendOption;
  @Mixin private OutputOption output;
  @Mixin private ProductsOption products;
  @Mixin private JsonOption json;

  @Parameters(
      paramLabel = "PROGRAM.elf",
      description = "Statically linked ELF file for RV32IM (-march=rv32im -mabi=ilp32).")
  private Path file = Path.of("");

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "What the program reads, - for standard input (default: nothing).")
  private @Nullable Path input;

  @Option(
      names = "--log",
      paramLabel = "DIR",
      description = {
        "Write the log of each segment to DIR/NNNN-NAME.mtlog while the program runs. It stays"
            + " there, whatever happens then; 'memtrace log' checks and recovers it."
      })
  private @Nullable Path logs;

  private long segmentAccesses = DEFAULT_SEGMENT_ACCESSES;
  private long maxInstructions = Long.MAX_VALUE;

  @Option(
      names = "--segment-accesses",
      paramLabel = "N",
      description = {
        "Reads and writes in a segment at most, at least "
            + Machine.LEAST_SEGMENT_ACCESSES
            + " (default: "
            + DEFAULT_SEGMENT_ACCESSES
            + ")."
      })
  void setSegmentAccesses(long value) {
    segmentAccesses = atLeast(Machine.LEAST_SEGMENT_ACCESSES, "--segment-accesses", value);
  }

  @Option(
      names = "--max-instructions",
      paramLabel = "N",
      description = "Refuse a program that has not ended after N instructions (default: no limit).")
  void setMaxInstructions(long value) {
    maxInstructions = atLeast(1, "--max-instructions", value);
  }

  private long atLeast(long least, String option, long value) {
    if (value < least) {
      throw new ParameterException(
          spec.commandLine(), option + " is " + value + "; it must be at least " + least);
    }
    return value;
  }

  @Override
  public Integer call() {
    json.check();
    Program program = load();
    json.checkOutside(output.folder());
    checkLogs();
    try (InputStream in = openInput();
        TraceBackend backend = backendOption.create();
        Machine machine = new Machine(program, in, programOutput(), backend.pool());
        ChainWriter chain =
            ChainWriter.open(
                output.folder(),
                output.force(),
                name(),
                machine.initialState(),
                backend,
                products.wanted());
        LogFolder logFolder = openLogs(backend.pool());
        Interruption interruption = new Interruption(chain::cancel);
        JsonOption.Pending pending = json.pending()) {
      try {
        return run(machine, chain, pending, logFolder);
      } catch (RuntimeException e) {
        if (interruption.happened()) {
          throw logs == null
              ? new InterruptedCommandException(e)
              : new InterruptedCommandException(
                  "interrupted; no bundle was kept, the logs are in " + logs, e);
        }
        throw e;
      }
    } catch (GuestException e) {
      throw new RefusedException(file + ": " + e.getMessage(), e);
    } catch (UncheckedIOException e) {
      throw new RefusedException(e.getMessage() + ": " + reason(e.getCause()), e);
    } catch (IOException e) {
      throw new RefusedException(input + ": cannot be read: " + reason(e), e);
    }
  }

  /** Refuses logs in the folder of the bundles, which must hold nothing else. */
  private void checkLogs() {
    try {
      if (logs != null && ReportFile.real(logs).startsWith(ReportFile.real(output.folder()))) {
        throw new RefusedException(
            logs + ": lies in the folder of --out; choose another folder for --log");
      }
    } catch (IOException e) {
      throw new RefusedException(logs + ": cannot be read: " + reason(e), e);
    }
  }

  private @Nullable LogFolder openLogs(BufferPool pool) {
    // The program is in memory before the first access.
    LogFileHeader header = new LogFileHeader(MemoryMode.PERSISTENT, Program.CONFIG, false);
    return logs == null ? null : LogFolder.open(logs, name(), header, output.force(), pool);
  }

  private int run(
      Machine machine,
      ChainWriter chain,
      JsonOption.Pending pending,
      @Nullable LogFolder logFolder) {
    SegmentedExecution execution =
        new SegmentedExecution(
            machine,
            maxInstructions,
            segmentAccesses,
            logFolder == null ? null : new LoggedExecution(logFolder));
    List<GenerationReport> reports = Collections.synchronizedList(new ArrayList<>());
    execution.run(log -> reports.add(chain.add(log)));
    RunReport report =
        new RunReport(
            String.valueOf(file.getFileName()),
            machine.status(),
            machine.instructions(),
            machine.accesses(),
            machine.entries(),
            execution.nanos(),
            ChainReport.of(output.folder(), reports));
    pending.prepare(report::write);
    chain.commit();
    pending.publish(parent.console());
    if (!json.replacesText()) {
      report.print(parent.console().err());
    }
    return machine.status() == 0 ? ExitCode.DONE : ExitCode.ANSWER_IS_NO;
  }

  private Program load() {
    try {
      return Program.load(file);
    } catch (ElfException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new RefusedException(file + ": cannot be read: " + reason(e), e);
    }
  }

  private InputStream openInput() throws IOException {
    if (input != null && input.toString().equals(STANDARD_INPUT)) {
      return standardInput();
    }
    if (input != null && Files.isDirectory(input)) {
      throw new RefusedException(input + ": is a folder; --input takes a file");
    }
    return input == null ? InputStream.nullInputStream() : Files.newInputStream(input);
  }

  /** Standard input, which stays open when the program has ended. */
  private static InputStream standardInput() {
    return new FilterInputStream(System.in) {
      @Override
      public void close() {}
    };
  }

  /** Where the program prints; standard output, unless JSON takes that. */
  private OutputStream programOutput() {
    return json.replacesText() ? parent.console().err() : parent.console().out();
  }

  /** Name of every segment: that of the file, without what no folder can have in its name. */
  private String name() {
    String name = String.valueOf(file.getFileName());
    String stem = name.endsWith(ELF) ? name.substring(0, name.length() - ELF.length()) : name;
    return stem.isEmpty() ? "program" : stem.replaceAll("[\\\\/:\\p{Cntrl}]", "_");
  }

  private static String reason(@Nullable IOException e) {
    if (e instanceof FileSystemException system && system.getReason() != null) {
      return system.getReason();
    }
    return switch (e) {
      case NoSuchFileException _ -> "no such file";
      case AccessDeniedException _ -> "permission denied";
      case null -> "unknown reason";
      default -> String.valueOf(e.getMessage());
    };
  }
}
