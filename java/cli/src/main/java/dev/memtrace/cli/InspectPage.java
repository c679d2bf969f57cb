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

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6675; --line: #d5dbe3; --paper: #ffffff;
        --bar: #2563a8; --padding: #bcd0e6; }
      @media (prefers-color-scheme: dark) {
        :root { --ink: #e6eaf0; --soft: #9aa5b4; --line: #38424f; --paper: #14181e; --bar: #6ea8e5; --padding: #33506f; } }
      body { margin: 0 auto; max-width: 1000px; padding: 24px 20px 60px; background: var(--paper); color: var(--ink);
        font: 15px/1.5 system-ui, sans-serif; }
      h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere; }
      h2 { font-size: 18px; margin: 40px 0 4px; }
      p { margin: 4px 0 12px; color: var(--soft); }
      dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 14px; margin: 20px 0; }
      dt { color: var(--soft); font-size: 13px; }
      dd { margin: 0; font-size: 20px; font-variant-numeric: tabular-nums; }
      svg { display: block; width: 100%; height: auto; margin: 8px 0; }
      svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
      svg .value { fill: var(--soft); }
      svg .bar { fill: var(--bar); }
      svg .padding { fill: var(--padding); }
      svg .axis { stroke: var(--line); }
      svg .frame { fill: none; stroke: var(--line); }
      svg image { image-rendering: pixelated; }
      table { border-collapse: collapse; margin: 8px 0; font-variant-numeric: tabular-nums; }
      th, td { padding: 3px 14px 3px 0; text-align: right; border-bottom: 1px solid var(--line); }
      th:first-child, td:first-child { text-align: left; }
      th { color: var(--soft); font-weight: normal; font-size: 13px; }
      .scroll { overflow-x: auto; }
      """;

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
    String name = Svg.escape(Results.printable(report.manifest().name()));
    StringBuilder page = new StringBuilder();
    page.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.append("<title>memtrace inspect: ").append(name).append("</title>\n");
    page.append("<style>\n").append(STYLE).append("</style>\n</head>\n<body>\n");
    page.append("<h1>").append(name).append("</h1>\n<p>");
    page.append(Results.config(report.manifest().mode(), report.manifest().config()));
    page.append("</p>\n");
    figures(page);
    costs(page);
    causes(page);
    alignment(page);
    course(page);
    heat(page);
    tables(page);
    return page.append("</body>\n</html>\n").toString();
  }

  private static String number(long value) {
    return TextTable.number(value);
  }

  private static String percent(long part, long whole) {
    return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 0.0 : 100.0 * part / whole);
  }

  private static void heading(StringBuilder page, String heading, String explanation) {
    page.append("<h2>").append(heading).append("</h2>\n<p>").append(explanation).append("</p>\n");
  }

  private static void figure(StringBuilder page, String name, String value) {
    page.append("<div><dt>%s</dt><dd>%s</dd></div>%n".formatted(name, value));
  }

  private void figures(StringBuilder page) {
    TraceSizes all = report.allTraces();
    page.append("<dl>\n");
    figure(page, "trace cells", number(all.cells()));
    figure(page, "of them padding", percent(all.cells() - all.usedCells(), all.cells()));
    figure(page, "log entries", number(report.manifest().log().count()));
    figure(page, "touched chunks", number(report.log().touchedChunks()));
    figure(page, "touched pages", number(report.touchedPages()));
    if (report.persistent()) {
      figure(page, "Poseidon2 inputs", number(report.poseidon2Inputs()));
      double chunks = Math.max(1, report.log().touchedChunks());
      double rows = report.traces().airs().get(1).usedRows();
      figure(page, "Merkle rows a chunk", String.format(Locale.ROOT, "%.1f", rows / chunks));
    }
    page.append("</dl>\n");
  }

  private void costs(StringBuilder page) {
    heading(
        page,
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

  private void causes(StringBuilder page) {
    heading(
        page,
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

  private void alignment(StringBuilder page) {
    long now = report.analysis().costs().usedCells();
    long saved = report.savedByAlignment();
    heading(
        page,
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

  private void course(StringBuilder page) {
    Timeline timeline = report.analysis().timeline();
    heading(
        page,
        "In the course of the log",
        "From left to right, a column for " + number(timeline.entriesPerPart()) + " log entries.");
    page.append(Svg.course("accesses", "accesses", timeline.accesses()));
    page.append(Svg.course("chunks", "chunks touched for the first time", timeline.newChunks()));
    page.append(Svg.course("pages", "pages touched for the first time", timeline.newPages()));
    page.append(Svg.course("adapters", "cells of adapter rows", timeline.adapterCells()));
  }

  private void heat(StringBuilder page) {
    HeatMap map = report.analysis().heatMap();
    heading(
        page,
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

  private static void table(StringBuilder page, List<String> heading, List<List<String>> rows) {
    page.append("<div class=\"scroll\"><table>\n<tr>");
    heading.forEach(cell -> page.append("<th>").append(Svg.escape(cell)).append("</th>"));
    page.append("</tr>\n");
    for (List<String> row : rows) {
      page.append("<tr>");
      row.forEach(cell -> page.append("<td>").append(Svg.escape(cell)).append("</td>"));
      page.append("</tr>\n");
    }
    page.append("</table></div>\n");
  }

  private void tables(StringBuilder page) {
    heading(page, "Accesses by size and alignment", "Off: cells from the multiple of the size.");
    List<List<String>> shapes = new ArrayList<>();
    for (ShapeCount count : report.analysis().shapes()) {
      shapes.add(
          List.of(
              count.shape().label(),
              Integer.toString(count.addressSpace()),
              number(count.reads()),
              number(count.writes())));
    }
    table(page, List.of("access", "address space", "reads", "writes"), shapes);
    heading(page, "Cells accessed most", "Address space and pointer.");
    List<List<String>> cells = new ArrayList<>();
    for (HotCell cell : report.analysis().hotCells()) {
      cells.add(
          List.of(
              InspectReport.address(cell.addressSpace(), cell.pointer()), number(cell.accesses())));
    }
    table(page, List.of("cell", "accesses"), cells);
    heading(page, "Range checks", "Requests to the range checker by who makes them.");
    RangeCheckLoad checks = report.analysis().rangeChecks();
    table(
        page,
        List.of("by", "requests"),
        List.of(
            List.of("boundary", number(checks.boundary())),
            List.of("adapters", number(checks.adapters())),
            List.of("auxiliary columns", number(checks.auxiliaryColumns()))));
  }
}
