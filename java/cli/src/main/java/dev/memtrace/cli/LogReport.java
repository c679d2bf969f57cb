// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.JsonText;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFileReport;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/**
 * What is in a log file.
 *
 * @param file the file
 * @param report what was found
 */
record LogReport(Path file, LogFileReport report) {
  void print(PrintStream out) {
    LogFileHeader header = report.header();
    out.println("config    " + Results.config(header.mode(), header.config()));
    out.println(
        "initial   " + (header.zeroInitialMemory() ? "zero" : "not zero, and not in the file"));
    out.println("blocks    " + TextTable.number(report.blocks()));
    out.println("entries   " + TextTable.number(report.entries()));
    out.println("written   " + TextTable.number(report.cells()) + " cells");
    out.println("clock     " + TextTable.number(report.endTimestamp()));
    out.println("footer    " + (report.footer() ? "yes" : "no"));
    out.println(
        "intact    %s of %s bytes"
            .formatted(
                TextTable.number(report.intactBytes()), TextTable.number(report.fileBytes())));
    if (report.intact()) {
      out.println(name() + ": complete");
    } else {
      out.println(
          "%s: damaged: %s; 'memtrace log recover' keeps the entries before"
              .formatted(name(), report.damage()));
    }
  }

  /** Prints what a recovery has kept and what it has not. */
  void printKept(Path target, PrintStream out) {
    out.println(
        "%s: kept %s entries in %s blocks"
            .formatted(
                Results.printable(target.toString()),
                TextTable.number(report.entries()),
                TextTable.number(report.blocks())));
    out.println(
        report.intact()
            ? "nothing is lost: " + name() + " is complete"
            : "lost %s bytes: %s".formatted(TextTable.number(report.lostBytes()), report.damage()));
  }

  private String name() {
    return Results.printable(file.toString());
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("file", file.toString());
    JsonText.writeConfig(json, report.header().mode(), report.header().config());
    json.writeBooleanField("zero_initial_memory", report.header().zeroInitialMemory());
    json.writeNumberField("blocks", report.blocks());
    json.writeNumberField("entries", report.entries());
    json.writeNumberField("written_cells", report.cells());
    json.writeNumberField("end_timestamp", report.endTimestamp());
    json.writeBooleanField("footer", report.footer());
    json.writeNumberField("intact_bytes", report.intactBytes());
    json.writeNumberField("lost_bytes", report.lostBytes());
    json.writeBooleanField("complete", report.intact());
    if (report.damage() != null) {
      json.writeStringField("damage", report.damage());
    }
    json.writeEndObject();
  }
}
