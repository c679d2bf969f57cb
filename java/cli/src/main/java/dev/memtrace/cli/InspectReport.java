// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.BundleManifest;
import dev.memtrace.bundle.JsonText;
import dev.memtrace.config.MemoryMode;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Map;

/**
 * The result of the command inspect.
 *
 * @param manifest the manifest
 * @param endTimestamp clock after the last entry
 * @param log counts of the log
 * @param traces sizes of the memory traces
 * @param poseidon2Inputs distinct Poseidon2 inputs; 0 in volatile mode
 */
record InspectReport(
    BundleManifest manifest,
    long endTimestamp,
    LogStatistics log,
    TraceSizes traces,
    long poseidon2Inputs) {

  void print(PrintStream out) {
    out.println(Results.printable(manifest.name()));
    out.println("config            " + Results.config(manifest.mode(), manifest.config()));
    out.println("log entries       " + TextTable.number(manifest.log().count()));
    out.println("end timestamp     " + TextTable.number(endTimestamp));
    out.println("initial cells     " + TextTable.number(initialCells()));
    out.println("touched chunks    " + TextTable.number(log.touchedChunks()));
    if (manifest.mode() == MemoryMode.PERSISTENT) {
      out.println("Poseidon2 inputs  " + TextTable.number(poseidon2Inputs));
    }
    out.println();
    TextTable kinds = new TextTable("entries by kind", "");
    log.byKind().forEach((kind, count) -> kinds.row(kind.label(), count));
    kinds.print(out);
    out.println();
    print(out, "accesses by cells", log.bySize());
    out.println();
    print(out, "accesses by address space", log.byAddressSpace());
    out.println();
    traces.print(out);
  }

  private static void print(PrintStream out, String heading, Map<Integer, Long> counts) {
    TextTable table = new TextTable(heading, "");
    counts.forEach((key, count) -> table.row(key.toString(), count));
    table.print(out);
  }

  private long initialCells() {
    BundleManifest.Stored initial = manifest.initialMemory();
    return initial == null ? 0 : initial.count();
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", manifest.name());
    JsonText.writeConfig(json, manifest.mode(), manifest.config());
    json.writeNumberField("log_entries", manifest.log().count());
    json.writeNumberField("end_timestamp", endTimestamp);
    json.writeNumberField("initial_cells", initialCells());
    json.writeObjectFieldStart("entries_by_kind");
    for (Map.Entry<LogStatistics.Kind, Long> count : log.byKind().entrySet()) {
      json.writeNumberField(count.getKey().label(), count.getValue());
    }
    json.writeEndObject();
    write(json, "accesses_by_size", log.bySize());
    write(json, "accesses_by_address_space", log.byAddressSpace());
    json.writeNumberField("touched_chunks", log.touchedChunks());
    json.writeNumberField("poseidon2_inputs", poseidon2Inputs);
    traces.write(json);
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, String key, Map<Integer, Long> counts)
      throws IOException {
    json.writeObjectFieldStart(key);
    for (Map.Entry<Integer, Long> count : counts.entrySet()) {
      json.writeNumberField(count.getKey().toString(), count.getValue());
    }
    json.writeEndObject();
  }
}
