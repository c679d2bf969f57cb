// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.analysis.AccessAnalysis;
import dev.memtrace.analysis.AccessShape;
import dev.memtrace.analysis.AdapterCause;
import dev.memtrace.analysis.CellRange;
import dev.memtrace.analysis.HotCell;
import dev.memtrace.analysis.RangeCheckLoad;
import dev.memtrace.analysis.ShapeCount;
import dev.memtrace.analysis.Timeline;
import dev.memtrace.bundle.BundleManifest;
import dev.memtrace.bundle.JsonText;
import dev.memtrace.config.MemoryMode;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The result of the command inspect.
 *
 * @param manifest the manifest
 * @param endTimestamp clock after the last entry
 * @param log counts of the log
 * @param traces sizes of the memory traces
 * @param poseidon2Inputs distinct Poseidon2 inputs; 0 in volatile mode
 * @param analysis where the cost comes from
 */
record InspectReport(
    BundleManifest manifest,
    long endTimestamp,
    LogStatistics log,
    TraceSizes traces,
    long poseidon2Inputs,
    AccessAnalysis analysis) {
  private static final int CAUSES = 12;

  boolean persistent() {
    return manifest.mode() == MemoryMode.PERSISTENT;
  }

  /** The memory traces and, in persistent mode, that of the Poseidon2 periphery. */
  TraceSizes allTraces() {
    if (!persistent()) {
      return traces;
    }
    Poseidon2Air air = new Poseidon2Air(1);
    return traces.with(
        new TraceSizes.Size(
            "Poseidon2", air.width(), poseidon2Inputs, air.height(poseidon2Inputs)));
  }

  long initialCells() {
    BundleManifest.Stored initial = manifest.initialMemory();
    return initial == null ? 0 : initial.count();
  }

  /** Pages of 4096 cells of which at least one was accessed. */
  long touchedPages() {
    return analysis.timeline().newPages().stream().mapToLong(Long::longValue).sum();
  }

  /** Cells of the memory traces that an aligned log would save, without padding. */
  long savedByAlignment() {
    return analysis.costs().usedCells() - analysis.alignedCosts().usedCells();
  }

  static String address(int addressSpace, int pointer) {
    return String.format(Locale.ROOT, "%d:0x%08x", addressSpace, pointer);
  }

  static String range(CellRange range) {
    return String.format(
        Locale.ROOT, "%s-%08x", address(range.addressSpace(), range.first()), range.last());
  }

  static long rows(AdapterCause cause) {
    return cause.rows().stream().mapToLong(Long::longValue).sum();
  }

  // ------------------------------------------------------------------ text

  void print(PrintStream out) {
    out.println(Results.printable(manifest.name()));
    out.println("config            " + Results.config(manifest.mode(), manifest.config()));
    out.println("log entries       " + TextTable.number(manifest.log().count()));
    out.println("end timestamp     " + TextTable.number(endTimestamp));
    out.println("initial cells     " + TextTable.number(initialCells()));
    out.println("touched chunks    " + TextTable.number(log.touchedChunks()));
    out.println("touched pages     " + TextTable.number(touchedPages()));
    if (persistent()) {
      out.println("Poseidon2 inputs  " + TextTable.number(poseidon2Inputs));
      out.println("Merkle rows       " + merkleRows());
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
    TextTable shapes = new TextTable("accesses by alignment", "space", "reads", "writes");
    for (ShapeCount count : analysis.shapes()) {
      shapes.row(count.shape().label(), count.addressSpace(), count.reads(), count.writes());
    }
    shapes.print(out);
    out.println();
    allTraces().print(out);
    out.println();
    printCauses(out);
    printRest(out);
  }

  private String merkleRows() {
    long rows = traces.airs().get(1).usedRows();
    long chunks = Math.max(1, log.touchedChunks());
    return String.format(Locale.ROOT, "%,d, %.1f for a chunk", rows, (double) rows / chunks);
  }

  private void printCauses(PrintStream out) {
    List<AdapterCause> causes = analysis.adapterCauses();
    if (causes.isEmpty()) {
      out.println("  no adapter rows");
      return;
    }
    TextTable table =
        new TextTable("adapter rows because of", "which finds", "rows", "cells", "most at");
    for (AdapterCause cause : causes.subList(0, Math.min(CAUSES, causes.size()))) {
      table.row(
          cause.access().label(),
          cause.before().label(),
          rows(cause),
          cause.cells(),
          range(cause.places().getFirst().range()));
    }
    if (causes.size() > CAUSES) {
      List<AdapterCause> others = causes.subList(CAUSES, causes.size());
      table.row(
          others.size() + " others",
          "",
          others.stream().mapToLong(InspectReport::rows).sum(),
          others.stream().mapToLong(AdapterCause::cells).sum(),
          "");
    }
    table.print(out);
  }

  private void printRest(PrintStream out) {
    out.println();
    TextTable hot = new TextTable("cells accessed most", "accesses");
    for (HotCell cell : analysis.hotCells()) {
      hot.row(address(cell.addressSpace(), cell.pointer()), cell.accesses());
    }
    hot.print(out);
    out.println();
    RangeCheckLoad checks = analysis.rangeChecks();
    new TextTable("range checks by", "")
        .row("boundary", checks.boundary())
        .row("adapters", checks.adapters())
        .row("auxiliary columns", checks.auxiliaryColumns())
        .print(out);
    out.println();
    new TextTable("if all accesses were aligned", "now", "then", "saved")
        .row(
            "cells without padding",
            analysis.costs().usedCells(),
            analysis.alignedCosts().usedCells(),
            savedByAlignment())
        .row(
            "cells",
            analysis.costs().cells(),
            analysis.alignedCosts().cells(),
            analysis.costs().cells() - analysis.alignedCosts().cells())
        .print(out);
  }

  private static void print(PrintStream out, String heading, Map<Integer, Long> counts) {
    TextTable table = new TextTable(heading, "");
    counts.forEach((key, count) -> table.row(key.toString(), count));
    table.print(out);
  }

  // ------------------------------------------------------------------ JSON

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
    json.writeNumberField("touched_pages", touchedPages());
    json.writeNumberField("poseidon2_inputs", poseidon2Inputs);
    traces.write(json);
    writeShapes(json);
    writeCauses(json);
    writeHotCells(json);
    writeTimeline(json);
    RangeCheckLoad checks = analysis.rangeChecks();
    json.writeObjectFieldStart("range_checks");
    json.writeNumberField("boundary", checks.boundary());
    json.writeNumberField("adapters", checks.adapters());
    json.writeNumberField("aux", checks.auxiliaryColumns());
    json.writeEndObject();
    json.writeObjectFieldStart("aligned");
    json.writeNumberField("used_cells", analysis.alignedCosts().usedCells());
    json.writeNumberField("cells", analysis.alignedCosts().cells());
    json.writeEndObject();
    json.writeEndObject();
  }

  private void writeShapes(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("accesses_by_shape");
    for (ShapeCount count : analysis.shapes()) {
      json.writeStartObject();
      json.writeNumberField("address_space", count.addressSpace());
      writeShape(json, count.shape());
      json.writeNumberField("reads", count.reads());
      json.writeNumberField("writes", count.writes());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeShape(JsonGenerator json, AccessShape shape) throws IOException {
    if (shape.isAccess()) {
      json.writeNumberField("size", shape.size());
      json.writeNumberField("offset", shape.offset());
    } else {
      json.writeStringField("kind", shape.label());
    }
  }

  private void writeCauses(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("adapter_causes");
    for (AdapterCause cause : analysis.adapterCauses()) {
      json.writeStartObject();
      json.writeObjectFieldStart("access");
      writeShape(json, cause.access());
      json.writeEndObject();
      json.writeObjectFieldStart("finds");
      writeShape(json, cause.before());
      json.writeEndObject();
      json.writeObjectFieldStart("rows_by_adapter");
      for (int i = 0; i < cause.rows().size(); i++) {
        json.writeNumberField(Integer.toString(2 << i), cause.rows().get(i));
      }
      json.writeEndObject();
      json.writeNumberField("cells", cause.cells());
      json.writeArrayFieldStart("places");
      for (AdapterCause.Place place : cause.places()) {
        json.writeStartObject();
        json.writeNumberField("address_space", place.range().addressSpace());
        json.writeNumberField("first", place.range().first());
        json.writeNumberField("last", place.range().last());
        json.writeNumberField("cells", place.cells());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void writeHotCells(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("hot_cells");
    for (HotCell cell : analysis.hotCells()) {
      json.writeStartObject();
      json.writeNumberField("address_space", cell.addressSpace());
      json.writeNumberField("pointer", cell.pointer());
      json.writeNumberField("accesses", cell.accesses());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void writeTimeline(JsonGenerator json) throws IOException {
    Timeline timeline = analysis.timeline();
    json.writeObjectFieldStart("timeline");
    json.writeNumberField("entries_per_part", timeline.entriesPerPart());
    write(json, "accesses", timeline.accesses());
    write(json, "new_chunks", timeline.newChunks());
    write(json, "new_pages", timeline.newPages());
    write(json, "adapter_cells", timeline.adapterCells());
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, String key, List<Long> values) throws IOException {
    json.writeArrayFieldStart(key);
    for (long value : values) {
      json.writeNumber(value);
    }
    json.writeEndArray();
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
