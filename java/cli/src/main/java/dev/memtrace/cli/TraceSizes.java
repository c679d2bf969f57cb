// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.air.Air;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.controller.MemoryController;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Sizes of the memory traces.
 *
 * @param airs one size per AIR in AIR order
 */
record TraceSizes(List<Size> airs) {
  /**
   * Size of one trace.
   *
   * @param name name of the AIR
   * @param width columns
   * @param usedRows rows before padding
   * @param height rows, padding included
   */
  record Size(String name, int width, long usedRows, long height) {
    long usedCells() {
      return usedRows * width;
    }

    long cells() {
      return height * width;
    }
  }

  /** The sizes that the traces of a finalised controller have. */
  static TraceSizes of(MemoryController memory) {
    long[] rows = memory.currentTraceHeights();
    List<Size> sizes = new ArrayList<>();
    for (int i = 0; i < rows.length; i++) {
      Air air = memory.airs().get(i);
      long height =
          air.name().startsWith("AccessAdapter")
              ? TraceHeight.nextPowerOfTwoOrZero(rows[i])
              : TraceHeight.nextPowerOfTwo(rows[i]);
      sizes.add(new Size(air.name(), air.width(), rows[i], height));
    }
    return new TraceSizes(List.copyOf(sizes));
  }

  long cells() {
    return airs.stream().mapToLong(Size::cells).sum();
  }

  long usedCells() {
    return airs.stream().mapToLong(Size::usedCells).sum();
  }

  /** These and one more, which is not of memory. */
  TraceSizes with(Size size) {
    List<Size> more = new ArrayList<>(airs);
    more.add(size);
    return new TraceSizes(List.copyOf(more));
  }

  void print(PrintStream out) {
    TextTable table = new TextTable("AIR", "width", "rows", "height", "cells");
    for (Size air : airs) {
      table.row(air.name(), air.width(), air.usedRows(), air.height(), air.cells());
    }
    table.row("all", "", "", "", cells()).print(out);
  }

  void write(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("airs");
    for (Size air : airs) {
      json.writeStartObject();
      json.writeStringField("name", air.name());
      json.writeNumberField("width", air.width());
      json.writeNumberField("used_rows", air.usedRows());
      json.writeNumberField("height", air.height());
      json.writeNumberField("used_cells", air.usedCells());
      json.writeNumberField("cells", air.cells());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNumberField("used_cells", usedCells());
    json.writeNumberField("cells", cells());
  }
}
