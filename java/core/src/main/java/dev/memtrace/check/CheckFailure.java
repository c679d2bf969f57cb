// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong.
 *
 * @param kind what sort of rule is broken
 * @param place where: the name of an AIR, a product or a bus
 * @param row row of the AIR, or id of the log entry if the place is the log; -1 if there is none
 * @param rule the constraint, interaction or rule
 * @param cells the columns that the rule reads, with their values
 * @param message what is left over on the bus, or null
 * @param detail the finding in words
 */
public record CheckFailure(
    Kind kind,
    String place,
    long row,
    String rule,
    List<Cell> cells,
    @Nullable BusMessage message,
    String detail) {

  /** What sort of rule is broken. */
  public enum Kind {
    /**
     * A product is missing, has another size than it should, or holds a word that is no element.
     */
    PRODUCT,
    /** A constraint of an AIR is not 0. */
    CONSTRAINT,
    /** A range check asks for a pair that is not in the table. */
    RANGE,
    /** A bus does not balance. */
    BUS,
    /** A record is not that of its log entry and of memory. */
    RECORD,
    /** Memory after the log, or a root, is not what it should be. */
    MEMORY,
    /** A rule for traces that is no constraint. */
    RULE
  }

  /**
   * A cell that a rule reads.
   *
   * @param column name of the column; "next" in front for the next row
   * @param value canonical value
   */
  public record Cell(String column, int value) {
    @Override
    public String toString() {
      return column + " = " + value;
    }
  }

  /**
   * A message that is not received as often as it is sent.
   *
   * @param elements its canonical elements
   * @param multiplicity how often it is sent more than received, mod p, nearest to 0
   * @param sources who sends and receives it, the first of each AIR's rows
   */
  public record BusMessage(List<Integer> elements, int multiplicity, List<Source> sources) {
    /** Copies the lists. */
    public BusMessage {
      elements = List.copyOf(elements);
      sources = List.copyOf(sources);
    }
  }

  /**
   * Who sends or receives a message.
   *
   * @param place name of the AIR, or the log
   * @param row its row, or the id of the log entry
   * @param interaction which of its interactions
   * @param multiplicity how often; negative if received
   */
  public record Source(String place, long row, String interaction, int multiplicity) {
    @Override
    public String toString() {
      return "%s: %s (%+d)".formatted(at(place, row), interaction, multiplicity);
    }
  }

  /** Copies the list. */
  public CheckFailure {
    cells = List.copyOf(cells);
  }

  /** Place and row in words. */
  static String at(String place, long row) {
    if (row < 0) {
      return place;
    }
    return place + (place.equals(LoggedAccesses.PLACE) ? " entry " : " row ") + row;
  }

  /**
   * Returns everything in one line.
   *
   * @return a line without a line break
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(at(place, row)).append(": ").append(rule);
    if (!detail.isEmpty()) {
      text.append(": ").append(detail);
    }
    if (!cells.isEmpty()) {
      text.append(cells.stream().map(Cell::toString).collect(Collectors.joining(", ", " (", ")")));
    }
    if (message != null && !message.sources().isEmpty()) {
      text.append(
          message.sources().stream()
              .map(Source::toString)
              .collect(Collectors.joining("; ", ": ", "")));
    }
    return text.toString();
  }
}
