// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import jdk.jfr.FlightRecorder;

/**
 * Writes events for the JDK Flight Recorder. Event classes are slow to load, slower than a short
 * command may be, so none is touched in a process in which nobody has asked for a recording.
 */
public final class FlightEvents {
  private FlightEvents() {}

  /** Whether there is or was a recording in this process. */
  static boolean wanted() {
    return FlightRecorder.isInitialized();
  }

  /**
   * A controller has handed a part of the log to its backend.
   *
   * @param firstEntry position of the first entry in the log
   * @param entries number of entries
   * @param bytes bytes of headers and written cells
   */
  public static void logSegment(long firstEntry, int entries, long bytes) {
    if (wanted()) {
      LogSegmentEvent.write(firstEntry, entries, bytes);
    }
  }

  /**
   * A product was handed out.
   *
   * @param product name of the product; that of the AIR for a trace
   * @param rows rows, padding included
   * @param columns words of a row; 1 where rows differ in length, whose words are the rows then
   */
  public static void product(String product, long rows, int columns) {
    if (wanted()) {
      ProductEvent.write(product, rows, columns);
    }
  }
}
