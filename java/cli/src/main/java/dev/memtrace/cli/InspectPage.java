// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.analysis.AdapterCause;
import dev.memtrace.analysis.HeatMap;
import dev.memtrace.analysis.HotCell;
import dev.memtrace.analysis.RangeCheckLoad;
import dev.memtrace.analysis.ShapeCount;
import dev.memtrace.analysis.Timeline;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;

/** The result of the command inspect as a page with pictures, in one file without scripts. */
final class InspectPage {
  private static final int CAUSES = 12;

  /** Colours of few to many accesses. */
  private static final int[][] RAMP = {
    {0xdc, 0xe9, 0xf6},
    {0x93, 0xc0, 0xe4},
    {0x3d, 0x86, 0xc6},
    {0x1b, 0x4f, 0x93},
    {0x0b, 0x24, 0x52}
  };

  private final InspectReport report;

  InspectPage(InspectReport report) {
    this.report = report;
  }

  String html() {
    String name = Results.printable(report.manifest().name());
    Page page =
        new Page(
            "memtrace inspect: " + name,
            name,
            Results.config(report.manifest().mode(), report.manifest().config()));
    figures(page);
    costs(page);
    causes(page);
    alignment(page);
    course(page);
    heat(page);
    tables(page);
    return page.html();
  }

  private static String number(long value) {
    return TextTable.number(value);
  }

  private static String percent(long part, long whole) {
    return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 0.0 : 100.0 * part / whole);
  }

  private void figures(Page page) {
    TraceSizes all = report.allTraces();
    page.append("<dl>\n");
    page.figure("trace cells", number(all.cells()));
    page.figure("of them padding", percent(all.cells() - all.usedCells(), all.cells()));
    page.figure("log entries", number(report.manifest().log().count()));
    page.figure("touched chunks", number(report.log().touchedChunks()));
    page.figure("touched pages", number(report.touchedPages()));
    if (report.persistent()) {
      page.figure("Poseidon2 inputs", number(report.poseidon2Inputs()));
      double chunks = Math.max(1, report.log().touchedChunks());
      double rows = report.traces().airs().get(1).usedRows();
      page.figure("Merkle rows a chunk", String.format(Locale.ROOT, "%.1f", rows / chunks));
    }
    page.append("</dl>\n");
  }

  private void costs(Page page) {
    page.heading(
        "What the traces cost",
        "Cells that a prover commits to: rows in use dark, padding to a power of two light.");
    TraceSizes all = report.allTraces();
    List<Svg.Bar> bars = new ArrayList<>();
    for (TraceSizes.Size air : all.airs()) {
      bars.add(
          new Svg.Bar(
              air.name(),
              air.usedCells(),
              air.cells() - air.usedCells(),
              number(air.cells()) + ", " + percent(air.cells(), all.cells()),
              "%s: %s of %s rows in use, %d columns"
                  .formatted(
                      air.name(), number(air.usedRows()), number(air.height()), air.width())));
    }
    page.append(Svg.bars("costs", "Cells of each trace", bars));
  }

  private void causes(Page page) {
    page.heading(
        "Which accesses make adapter rows",
        "An access that finds blocks of another size or alignment splits or merges them. Cells of"
            + " adapter rows without padding; point at a bar for the places.");
    List<AdapterCause> causes = report.analysis().adapterCauses();
    if (causes.isEmpty()) {
      page.append("<p id=\"causes\">There are none.</p>\n");
      return;
    }
    List<Svg.Bar> bars = new ArrayList<>();
    for (AdapterCause cause : causes.subList(0, Math.min(CAUSES, causes.size()))) {
      String places =
          cause.places().stream()
              .map(place -> InspectReport.range(place.range()) + ": " + number(place.cells()))
              .collect(Collectors.joining("; "));
      bars.add(
          new Svg.Bar(
              cause.access().label() + " on " + cause.before().label(),
              cause.cells(),
              0,
              number(cause.cells()) + " in " + number(InspectReport.rows(cause)) + " rows",
              "cells at " + places));
    }
    if (causes.size() > CAUSES) {
      List<AdapterCause> others = causes.subList(CAUSES, causes.size());
      long cells = others.stream().mapToLong(AdapterCause::cells).sum();
      long rows = others.stream().mapToLong(InspectReport::rows).sum();
      bars.add(
          new Svg.Bar(
              others.size() + " others",
              cells,
              0,
              number(cells) + " in " + number(rows) + " rows",
              "all other pairs"));
    }
    page.append(Svg.bars("causes", "Cells of adapter rows by cause", bars));
  }

  private void alignment(Page page) {
    long now = report.analysis().costs().usedCells();
    long saved = report.savedByAlignment();
    page.heading(
        "What alignment would save",
        "If every access began at a multiple of its size, the memory traces would have "
            + number(now - saved)
            + " cells in use instead of "
            + number(now)
            + ": "
            + number(saved)
            + " or "
            + percent(saved, now)
            + " less.");
  }

  private void course(Page page) {
    Timeline timeline = report.analysis().timeline();
    page.heading(
        "In the course of the log",
        "From left to right, a column for " + number(timeline.entriesPerPart()) + " log entries.");
    page.append(Svg.course("accesses", "accesses", timeline.accesses()));
    page.append(Svg.course("chunks", "chunks touched for the first time", timeline.newChunks()));
    page.append(Svg.course("pages", "pages touched for the first time", timeline.newPages()));
    page.append(Svg.course("adapters", "cells of adapter rows", timeline.adapterCells()));
  }

  private void heat(Page page) {
    HeatMap map = report.analysis().heatMap();
    page.heading(
        "Where accesses go",
        "Touched memory from top to bottom, the log from left to right; the darker, the more"
            + " accesses (logarithmic). Memory between the rows is never touched.");
    if (map.places().isEmpty()) {
      page.append("<p id=\"heat\">No memory is accessed.</p>\n");
      return;
    }
    page.append(
        Svg.map(
            "heat",
            "Accesses by address and time",
            picture(map),
            map.places().stream().map(InspectReport::range).toList(),
            "entry 0",
            "entry " + number(report.manifest().log().count())));
  }

  private static String picture(HeatMap map) {
    long most = 1;
    for (int place = 0; place < map.places().size(); place++) {
      for (int part = 0; part < map.parts(); part++) {
        most = Math.max(most, map.accesses(place, part));
      }
    }
    BufferedImage image =
        new BufferedImage(map.parts(), map.places().size(), BufferedImage.TYPE_INT_ARGB);
    for (int place = 0; place < map.places().size(); place++) {
      for (int part = 0; part < map.parts(); part++) {
        image.setRGB(part, place, colour(map.accesses(place, part), most));
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.setUseCache(false);
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** Transparent for no access, else by the logarithm of their number. */
  private static int colour(long accesses, long most) {
    if (accesses == 0) {
      return 0;
    }
    double at = most == 1 ? 1 : Math.log((double) accesses) / Math.log((double) most);
    double step = at * (RAMP.length - 1);
    int low = Math.min((int) step, RAMP.length - 2);
    int argb = 0xFF;
    for (int i = 0; i < 3; i++) {
      double value = RAMP[low][i] + (step - low) * (RAMP[low + 1][i] - RAMP[low][i]);
      argb = (argb << 8) | (int) Math.round(value);
    }
    return argb;
  }

  private void tables(Page page) {
    page.heading("Accesses by size and alignment", "Off: cells from the multiple of the size.");
    List<List<String>> shapes = new ArrayList<>();
    for (ShapeCount count : report.analysis().shapes()) {
      shapes.add(
          List.of(
              count.shape().label(),
              Integer.toString(count.addressSpace()),
              number(count.reads()),
              number(count.writes())));
    }
    page.table(List.of("access", "address space", "reads", "writes"), shapes);
    page.heading("Cells accessed most", "Address space and pointer.");
    List<List<String>> cells = new ArrayList<>();
    for (HotCell cell : report.analysis().hotCells()) {
      cells.add(
          List.of(
              InspectReport.address(cell.addressSpace(), cell.pointer()), number(cell.accesses())));
    }
    page.table(List.of("cell", "accesses"), cells);
    page.heading("Range checks", "Requests to the range checker by who makes them.");
    RangeCheckLoad checks = report.analysis().rangeChecks();
    page.table(
        List.of("by", "requests"),
        List.of(
            List.of("boundary", number(checks.boundary())),
            List.of("adapters", number(checks.adapters())),
            List.of("auxiliary columns", number(checks.auxiliaryColumns()))));
  }
}
