// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.GenerationReport;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/**
 * The result of the command generate for several segments.
 *
 * @param out the folder that was made
 * @param segments what was done, segment by segment
 */
record ChainReport(Path out, List<GenerateReport> segments) {
  static ChainReport of(Path out, List<GenerationReport> reports) {
    return new ChainReport(out, reports.stream().map(GenerateReport::new).toList());
  }

  void print(PrintStream console) {
    for (GenerateReport segment : segments) {
      segment.print(console);
      console.println();
    }
    console.printf("%d segments in %s%n", segments.size(), out);
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    writeMembers(json);
    json.writeEndObject();
  }

  void writeMembers(JsonGenerator json) throws IOException {
    json.writeStringField("out", out.toString());
    json.writeArrayFieldStart("segments");
    for (GenerateReport segment : segments) {
      segment.write(json);
    }
    json.writeEndArray();
  }
}
