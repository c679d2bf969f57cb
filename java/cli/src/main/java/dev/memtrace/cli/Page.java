// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.util.List;

/** A page in one file, without scripts and without anything from elsewhere. */
final class Page {
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
      .warning { color: #b3261e; font-weight: 600; }
      svg .line { fill: none; stroke-width: 2; }
      svg .s0 { stroke: #2563a8; } svg .s1 { stroke: #c2571a; } svg .s2 { stroke: #2e8b57; } svg .s3 { stroke: #8e44ad; }
      svg .s4 { stroke: #b8860b; } svg .s5 { stroke: #00838f; } svg .s6 { stroke: #c2185b; } svg .s7 { stroke: #6d4c41; }
      """;

  private final StringBuilder html = new StringBuilder();

  /** Begins a page; the texts are escaped here. */
  Page(String title, String heading, String explanation) {
    append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    append("<title>").append(Svg.escape(title)).append("</title>\n");
    append("<style>\n").append(STYLE).append("</style>\n</head>\n<body>\n");
    append("<h1>").append(Svg.escape(heading)).append("</h1>\n<p>");
    append(Svg.escape(explanation)).append("</p>\n");
  }

  /** Adds markup as it is. */
  Page append(String markup) {
    html.append(markup);
    return this;
  }

  /** Begins a part; both texts are markup. */
  void heading(String heading, String explanation) {
    append("<h2>").append(heading).append("</h2>\n<p>").append(explanation).append("</p>\n");
  }

  /** Adds a name and a value to a list of them. */
  void figure(String name, String value) {
    append("<div><dt>%s</dt><dd>%s</dd></div>%n".formatted(name, value));
  }

  /** Adds a table; the texts are escaped here. */
  void table(List<String> heading, List<List<String>> rows) {
    append("<div class=\"scroll\"><table>\n<tr>");
    heading.forEach(cell -> append("<th>").append(Svg.escape(cell)).append("</th>"));
    append("</tr>\n");
    for (List<String> row : rows) {
      append("<tr>");
      row.forEach(cell -> append("<td>").append(Svg.escape(cell)).append("</td>"));
      append("</tr>\n");
    }
    append("</table></div>\n");
  }

  /** The whole page. */
  String html() {
    return html + "</body>\n</html>\n";
  }
}
