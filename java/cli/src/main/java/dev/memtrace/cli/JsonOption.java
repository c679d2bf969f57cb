// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.bundle.JsonText;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --json}, the same on every command. */
final class JsonOption {
  private static final String NAME = "--json";
  private static final String STANDARD_OUTPUT = "-";

  @Option(
      names = NAME,
      paramLabel = "FILE",
      description = "Write the result as JSON to FILE, or to standard output if it is -.")
  private @Nullable String file;

  /** Whether JSON takes the place of the text on standard output. */
  boolean replacesText() {
    return STANDARD_OUTPUT.equals(file);
  }

  private @Nullable ReportFile reportFile() {
    return file == null || replacesText() ? null : new ReportFile(NAME, file);
  }

  /** Refuses a file that cannot be written, before any work is done. */
  void check() {
    ReportFile report = reportFile();
    if (report != null) {
      report.check();
    }
  }

  /** Refuses a file in a folder that a command makes, which must hold nothing else. */
  void checkOutside(Path folder) {
    ReportFile report = reportFile();
    if (report != null) {
      report.checkOutside(folder);
    }
  }

  /** Refuses a file that a command reads or makes itself. */
  void checkOther(Path used) {
    ReportFile report = reportFile();
    if (report != null) {
      report.checkOther(used);
    }
  }

  /** Writes the result where the option says, if it was given. */
  void write(Console console, JsonText.Body body) {
    try (Pending pending = pending()) {
      pending.prepare(body);
      pending.publish(console);
    }
  }

  /** Writes finished JSON where the option says, if it was given. */
  void write(Console console, String json) {
    try (Pending pending = pending()) {
      pending.prepare(json);
      pending.publish(console);
    }
  }

  /** Begins to write the result where the option says. */
  Pending pending() {
    return new Pending(reportFile());
  }

  /** A result on its way to a file or to standard output. */
  final class Pending implements AutoCloseable {
    private final @Nullable ReportFile report;
    private String json = "";

    private Pending(@Nullable ReportFile report) {
      this.report = report;
    }

    void prepare(JsonText.Body body) {
      if (file != null) {
        prepare(new String(JsonText.of(body), StandardCharsets.UTF_8));
      }
    }

    void prepare(String text) {
      json = text;
      if (report != null) {
        report.prepare(text);
      }
    }

    void publish(Console console) {
      if (report != null) {
        report.publish();
      } else if (replacesText()) {
        console.out().print(json);
        console.out().flush();
      }
    }

    /** Removes what was not published. */
    @Override
    public void close() {
      if (report != null) {
        report.close();
      }
    }
  }
}
