// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.instrument.Stage;
import java.util.Locale;

/** A row of the table, in the order of the table. */
public enum BenchStage {
  /** The log driven through a memory controller, access by access. */
  ONLINE,
  /** {@link Stage#REPLAY}. */
  REPLAY,
  /** {@link Stage#ADAPTERS}. */
  ADAPTERS,
  /** {@link Stage#BOUNDARY}. */
  BOUNDARY,
  /** {@link Stage#MERKLE}. */
  MERKLE,
  /** {@link Stage#POSEIDON2}. */
  POSEIDON2,
  /** {@link Stage#RANGE_COUNTS}. */
  RANGE_COUNTS,
  /** {@link Stage#RECORDS}. */
  RECORDS,
  /** {@link Stage#AUX}. */
  AUX,
  /** {@link Stage#UPLOAD} and {@link Stage#TRANSFER}: copies to and from a device. */
  TRANSFER,
  /** Everything after the log: from the complete log to the last product. */
  TOTAL;

  private final String label = name().toLowerCase(Locale.ROOT);

  /**
   * Returns the name in reports.
   *
   * @return lower case, words joined by underscores
   */
  public String label() {
    return label;
  }

  /** The row that a stage of a backend belongs to. */
  static BenchStage of(Stage stage) {
    return switch (stage) {
      case UPLOAD, TRANSFER -> TRANSFER;
      case REPLAY -> REPLAY;
      case RECORDS -> RECORDS;
      case ADAPTERS -> ADAPTERS;
      case BOUNDARY -> BOUNDARY;
      case MERKLE -> MERKLE;
      case POSEIDON2 -> POSEIDON2;
      case RANGE_COUNTS -> RANGE_COUNTS;
      case AUX -> AUX;
    };
  }
}
