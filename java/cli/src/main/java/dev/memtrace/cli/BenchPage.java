// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.cli.bench.BenchStage;
import dev.memtrace.cli.bench.Measurement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The result of the command bench as a page with plots, in one file without scripts. */
final class BenchPage {
  private final BenchReport report;

  BenchPage(BenchReport report) {
    this.report = report;
  }

  String html() {
    Page page = new Page("memtrace bench", "memtrace bench", report.version());
    page.append("<p>").append(Svg.escape(BenchReport.machine())).append("</p>\n");
    report
        .backends()
        .forEach(
            backend ->
                page.append("<p>")
                    .append(Svg.escape(BenchReport.describe(backend)))
                    .append("</p>\n"));
    if (report.emulated()) {
      page.append("<p class=\"warning\">").append(BenchReport.EMULATED).append("</p>\n");
    }
    plot(page, "sizes", "Cost by length of the log", "log entries", report.bySize());
    plot(page, "threads", "Cost by threads", "threads on the CPU", report.byThreads());
    int number = 0;
    for (Measurement one : report.table()) {
      table(page, one, number++);
    }
    return page.html();
  }

  private static void plot(
      Page page,
      String id,
      String heading,
      String across,
      Map<String, Map<Long, Measurement>> lines) {
    if (lines.isEmpty()) {
      return;
    }
    page.heading(heading, "Nanoseconds an entry, everything after the log; flat is linear work.");
    List<Svg.Line> drawn = new ArrayList<>();
    lines.forEach((name, line) -> drawn.add(new Svg.Line(Results.printable(name), points(line))));
    page.append(Svg.plot(id, heading, across, "ns an entry", drawn));
  }

  private static List<Svg.Point> points(Map<Long, Measurement> line) {
    List<Svg.Point> points = new ArrayList<>();
    line.forEach(
        (at, one) ->
            points.add(
                new Svg.Point(
                    at, one.figure(BenchStage.TOTAL).nsPerEntry(one.workload().entries()))));
    return points;
  }

  private void table(Page page, Measurement one, int number) {
    page.heading(
        Svg.escape(BenchReport.title(one)),
        "Median, least and most of "
            + report.repeat()
            + " runs; "
            + BenchReport.memory(one)
            + (one.backend().emulated() ? ". " + BenchReport.EMULATED : ""));
    List<Svg.Bar> bars = new ArrayList<>();
    for (BenchStage stage : BenchStage.values()) {
      double cost = one.figure(stage).nsPerEntry(one.workload().entries());
      bars.add(
          new Svg.Bar(
              stage.label(),
              one.figure(stage).wall().median(),
              0,
              BenchReport.decimal(cost) + " ns an entry",
              stage.label()));
    }
    page.append(Svg.bars("stages-" + number, BenchReport.title(one), bars));
    page.table(BenchReport.COLUMNS, BenchReport.rows(one));
  }
}
