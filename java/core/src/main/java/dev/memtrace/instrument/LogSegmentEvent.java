// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A part of the log that a controller has handed to its backend. */
@Name("dev.memtrace.LogSegment")
@Label("Log Segment")
@Category("memtrace")
@Description("A part of the log was handed to the backend")
@StackTrace(false)
final class LogSegmentEvent extends Event {
  @Label("First Entry")
  long firstEntry;

  @Label("Entries")
  int entries;

  @Label("Bytes")
  @DataAmount
  long bytes;

  /** Writes an event. */
  static void write(long firstEntry, int entries, long bytes) {
    LogSegmentEvent event = new LogSegmentEvent();
    if (event.shouldCommit()) {
      event.firstEntry = firstEntry;
      event.entries = entries;
      event.bytes = bytes;
      event.commit();
    }
  }
}
