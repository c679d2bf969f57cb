// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Pictures for the pages of reports, which need no script. Texts are escaped here. */
final class Svg {
  private static final int WIDTH = 960;
  private static final int ROW = 26;
  private static final int LABELS = 260;
  private static final int VALUES = 190;

  /** Colours of lines. */
  private static final int STYLES = 8;

  private Svg() {}

  /**
   * A bar.
   *
   * @param label what it stands for
   * @param value length of its dark part
   * @param more length of its light part behind, for example padding
   * @param text what is written beside it
   * @param hint what is shown when somebody points at it
   */
  record Bar(String label, long value, long more, String text, String hint) {}

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  private static String open(String id, String title, int height) {
    return "<svg id=\"%s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
        .formatted(id, WIDTH, height, escape(title));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  /** Horizontal bars on one scale. */
  static String bars(String id, String title, List<Bar> bars) {
    long longest = bars.stream().mapToLong(bar -> bar.value() + bar.more()).max().orElse(1);
    double scale = (double) (WIDTH - LABELS - VALUES) / Math.max(1, longest);
    StringBuilder svg = new StringBuilder(open(id, title, ROW * bars.size() + 4));
    int y = 2;
    for (Bar bar : bars) {
      double dark = bar.value() * scale;
      double light = bar.more() * scale;
      svg.append("<g><title>").append(escape(bar.hint())).append("</title>\n");
      text(svg, LABELS - 8, y + 17, "end", "label", bar.label());
      rectangle(svg, LABELS, y + 3, dark, ROW - 8, "bar");
      rectangle(svg, LABELS + dark, y + 3, light, ROW - 8, "padding");
      text(svg, LABELS + dark + light + 6, y + 17, "start", "value", bar.text());
      svg.append("</g>\n");
      y += ROW;
    }
    return svg.append("</svg>\n").toString();
  }

  private static void rectangle(
      StringBuilder svg, double x, double y, double width, double height, String style) {
    if (width > 0) {
      svg.append(
          "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>%n"
              .formatted(style, number(x), number(y), number(width), number(height)));
    }
  }

  private static void text(
      StringBuilder svg, double x, double y, String anchor, String style, String text) {
    svg.append(
        "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>%n"
            .formatted(style, number(x), number(y), anchor, escape(text)));
  }

  /** Columns side by side over the course of a log, with the greatest value written above. */
  static String course(String id, String title, List<Long> values) {
    int height = 96;
    int top = 22;
    long greatest = values.stream().mapToLong(Long::longValue).max().orElse(0);
    double step = (double) (WIDTH - 2) / Math.max(1, values.size());
    StringBuilder svg = new StringBuilder(open(id, title, height + 4));
    text(svg, 0, 14, "start", "label", title);
    text(svg, WIDTH, 14, "end", "value", "most: " + TextTable.number(greatest));
    for (int i = 0; i < values.size(); i++) {
      double share = greatest == 0 ? 0 : (double) values.get(i) / greatest;
      double size = share * (height - top);
      rectangle(svg, i * step, height - size, Math.max(step - 0.5, 0.5), size, "bar");
    }
    svg.append(
        "<line class=\"axis\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>%n"
            .formatted(height, WIDTH, height));
    return svg.append("</svg>\n").toString();
  }

  /**
   * A line of a plot.
   *
   * @param name what it stands for
   * @param points where it goes, from left to right
   */
  record Line(String name, List<Point> points) {}

  /**
   * A point of a plot.
   *
   * @param x how far to the right, positive
   * @param y how far up, not negative
   */
  record Point(double x, double y) {}

  /**
   * Lines over a logarithmic axis; the other one begins at 0. Every place on the axis where a line
   * has a point is marked.
   *
   * @param across what the horizontal axis means
   * @param up what the vertical axis means
   */
  static String plot(String id, String title, String across, String up, List<Line> lines) {
    int left = 70;
    int right = 620;
    int top = 30;
    int bottom = 300;
    List<Point> points = lines.stream().flatMap(line -> line.points().stream()).toList();
    double most = points.stream().mapToDouble(Point::y).max().orElse(1);
    double high = most > 0 ? most : 1;
    double from = Math.log(points.stream().mapToDouble(Point::x).min().orElse(1));
    double to = Math.log(points.stream().mapToDouble(Point::x).max().orElse(1));
    double width = to > from ? (right - left) / (to - from) : 0;
    StringBuilder svg =
        new StringBuilder(open(id, title, Math.max(bottom + 50, top + ROW * lines.size())));
    text(svg, 0, 14, "start", "label", up);
    text(svg, right, bottom + 42, "end", "value", across);
    for (int i = 0; i <= 4; i++) {
      double y = bottom - i * (bottom - top) / 4.0;
      line(svg, left, y, right, y);
      text(svg, left - 8, y + 4, "end", "value", number(high * i / 4));
    }
    points.stream()
        .mapToDouble(Point::x)
        .distinct()
        .sorted()
        .forEach(
            x -> {
              double at = left + (Math.log(x) - from) * width;
              line(svg, at, bottom, at, bottom + 5);
              text(svg, at, bottom + 20, "middle", "value", TextTable.number(Math.round(x)));
            });
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      String path =
          line.points().stream()
              .map(
                  point ->
                      number(left + (Math.log(point.x()) - from) * width)
                          + ","
                          + number(bottom - point.y() / high * (bottom - top)))
              .collect(Collectors.joining(" "));
      String style = "line s" + i % STYLES;
      svg.append("<g><title>").append(escape(line.name())).append("</title>\n");
      svg.append("<polyline class=\"%s\" points=\"%s\"/>%n".formatted(style, path));
      for (Point point : line.points()) {
        svg.append(
            "<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"3\"/>%n"
                .formatted(
                    style,
                    number(left + (Math.log(point.x()) - from) * width),
                    number(bottom - point.y() / high * (bottom - top))));
      }
      int y = top + ROW * i;
      svg.append(
          "<line class=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>%n"
              .formatted(style, right + 24, y, right + 54, y));
      text(svg, right + 62, y + 4, "start", "label", line.name());
      svg.append("</g>\n");
    }
    return svg.append("</svg>\n").toString();
  }

  private static void line(StringBuilder svg, double x1, double y1, double x2, double y2) {
    svg.append(
        "<line class=\"axis\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>%n"
            .formatted(number(x1), number(y1), number(x2), number(y2)));
  }

  /**
   * A picture with names for its rows.
   *
   * @param picture a data URI
   * @param rows one name a row of the picture, of which some are written
   * @param from what the left edge stands for
   * @param to what the right edge stands for
   */
  static String map(
      String id, String title, String picture, List<String> rows, String from, String to) {
    int height = Math.max(60, Math.min(520, 12 * rows.size()));
    double row = (double) height / Math.max(1, rows.size());
    int every = Math.max(1, (int) Math.ceil(16 / row));
    int width = WIDTH - LABELS;
    int top = 8;
    int bottom = top + height;
    StringBuilder svg = new StringBuilder(open(id, title, bottom + 24));
    svg.append(
        "<image href=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" preserveAspectRatio=\"none\"/>%n"
            .formatted(picture, LABELS, top, width, height));
    svg.append(
        "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>%n"
            .formatted(LABELS, top, width, height));
    for (int i = 0; i < rows.size(); i += every) {
      text(svg, LABELS - 8, top + (i + 0.5) * row + 4, "end", "label", rows.get(i));
    }
    text(svg, LABELS, bottom + 18, "start", "value", from);
    text(svg, WIDTH, bottom + 18, "end", "value", to);
    return svg.append("</svg>\n").toString();
  }
}
