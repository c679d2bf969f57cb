// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.check.CheckFailure;
import dev.memtrace.check.CheckFailure.BusMessage;
import dev.memtrace.check.CheckFailure.Cell;
import dev.memtrace.check.CheckFailure.Source;
import dev.memtrace.check.CheckReport;
import dev.memtrace.config.MemoryMode;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * The result of a verification.
 *
 * @param name name of the segment
 * @param mode how memory begins and ends
 * @param report the verdict
 * @param time how long it took
 */
record VerifyReport(String name, MemoryMode mode, CheckReport report, Duration time) {
  /** Prints failures and verdict; what was checked as well if that is wanted. */
  void print(PrintStream out, boolean details) {
    if (details) {
      report.checked().forEach(line -> out.println("checked      " + Results.printable(line)));
      report.notChecked().forEach(line -> out.println("not checked  " + Results.printable(line)));
    }
    report.failures().forEach(failure -> out.println(Results.printable(failure.toString())));
    if (report.found() > report.failures().size()) {
      out.printf(Locale.ROOT, "... and %,d more%n", report.found() - report.failures().size());
    }
    if (report.accepted()) {
      out.printf("%s: accepted in %s%n", Results.printable(name), Results.seconds(time));
    } else {
      out.printf(
          Locale.ROOT,
          "%s: rejected, %,d failures in %s%n",
          Results.printable(name),
          report.found(),
          Results.seconds(time));
    }
  }

  int exitCode() {
    return report.accepted() ? ExitCode.DONE : ExitCode.ANSWER_IS_NO;
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", name);
    json.writeStringField("mode", mode.label());
    writeVerdict(json);
    Results.writeSeconds(json, "seconds", time);
    json.writeEndObject();
  }

  private void writeVerdict(JsonGenerator json) throws IOException {
    json.writeBooleanField("accepted", report.accepted());
    json.writeNumberField("failures_found", report.found());
    json.writeArrayFieldStart("failures");
    for (CheckFailure failure : report.failures()) {
      write(json, failure);
    }
    json.writeEndArray();
    writeLines(json, "checked", report.checked());
    writeLines(json, "not_checked", report.notChecked());
  }

  private static void writeLines(JsonGenerator json, String key, List<String> lines)
      throws IOException {
    json.writeArrayFieldStart(key);
    for (String line : lines) {
      json.writeString(line);
    }
    json.writeEndArray();
  }

  private static void write(JsonGenerator json, CheckFailure failure) throws IOException {
    json.writeStartObject();
    json.writeStringField("kind", failure.kind().name().toLowerCase(Locale.ROOT));
    json.writeStringField("place", failure.place());
    if (failure.row() >= 0) {
      json.writeNumberField("row", failure.row());
    }
    json.writeStringField("rule", failure.rule());
    json.writeStringField("detail", failure.detail());
    if (!failure.cells().isEmpty()) {
      json.writeArrayFieldStart("cells");
      for (Cell cell : failure.cells()) {
        json.writeStartObject();
        json.writeStringField("column", cell.column());
        json.writeNumberField("value", cell.value());
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    BusMessage message = failure.message();
    if (message != null) {
      json.writeObjectFieldStart("message");
      json.writeArrayFieldStart("elements");
      for (int element : message.elements()) {
        json.writeNumber(element);
      }
      json.writeEndArray();
      json.writeNumberField("multiplicity", message.multiplicity());
      json.writeArrayFieldStart("sources");
      for (Source source : message.sources()) {
        json.writeStartObject();
        json.writeStringField("place", source.place());
        json.writeNumberField("row", source.row());
        json.writeStringField("interaction", source.interaction());
        json.writeNumberField("multiplicity", source.multiplicity());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndObject();
  }
}
