// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A part of the log that a controller hands to its backend; the duration is that of the call. */
@Name("dev.memtrace.LogSegment")
@Label("Log Segment")
@Category("memtrace")
@Description("A part of the log was handed to the backend")
@StackTrace(false)
public final class LogSegmentEvent extends Event {
  @Label("First Entry")
  long firstEntry;

  @Label("Entries")
  int entries;

  @Label("Bytes")
  @DataAmount
  long bytes;

  /** Creates an event that has not begun. */
  public LogSegmentEvent() {}

  /**
   * Ends the event and writes it, if the flight recorder asks for it.
   *
   * @param firstEntry position of the first entry in the log
   * @param entries number of entries
   * @param bytes bytes of headers and written cells
   */
  public void handedOver(long firstEntry, int entries, long bytes) {
    end();
    if (shouldCommit()) {
      this.firstEntry = firstEntry;
      this.entries = entries;
      this.bytes = bytes;
      commit();
    }
  }
}
