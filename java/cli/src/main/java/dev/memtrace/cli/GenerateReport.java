// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.BundleManifest;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.bundle.GenerationReport;
import dev.memtrace.bundle.JsonText;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/**
 * The result of the command generate.
 *
 * @param report what was done
 */
record GenerateReport(GenerationReport report) {
  void print(PrintStream out) {
    BundleManifest manifest = report.manifest();
    out.printf(
        "%s: %s entries, end timestamp %s, backend %s%n",
        Results.printable(manifest.name()),
        TextTable.number(manifest.log().count()),
        manifest.endTimestamp(),
        report.backend());
    List<AirTrace> airs = manifest.airs();
    if (airs != null && !airs.isEmpty()) {
      TextTable table = new TextTable("AIR", "width", "rows", "height");
      for (AirTrace air : airs) {
        table.row(air.name(), air.width(), air.usedRows(), air.height());
      }
      table.print(out);
    }
    if (!report.finalRoot().isEmpty()) {
      out.println("initial root  " + Results.root(report.initialRoot()));
      out.println("final root    " + Results.root(report.finalRoot()));
    }
    for (Stage stage : Stage.values()) {
      out.printf("%-12s  %s%n", Results.label(stage), Results.seconds(time(stage)));
    }
    out.printf(
        "written       %s bytes to %s%n", TextTable.number(report.bytesWritten()), report.target());
  }

  void write(JsonGenerator json) throws IOException {
    BundleManifest manifest = report.manifest();
    json.writeStartObject();
    json.writeStringField("name", manifest.name());
    json.writeStringField("out", report.target().toString());
    json.writeStringField("backend", report.backend());
    JsonText.writeConfig(json, manifest.mode(), manifest.config());
    json.writeNumberField("log_entries", manifest.log().count());
    if (manifest.endTimestamp() != null) {
      json.writeNumberField("end_timestamp", manifest.endTimestamp());
    }
    json.writeArrayFieldStart("used_rows");
    for (long height : report.heights()) {
      json.writeNumber(height);
    }
    json.writeEndArray();
    Results.writeRoot(json, "initial_root", report.initialRoot());
    Results.writeRoot(json, "final_root", report.finalRoot());
    json.writeNumberField("bytes_written", report.bytesWritten());
    json.writeObjectFieldStart("seconds");
    for (Stage stage : Stage.values()) {
      Results.writeSeconds(json, Results.label(stage), time(stage));
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private Duration time(Stage stage) {
    return report.times().getOrDefault(stage, Duration.ZERO);
  }
}
