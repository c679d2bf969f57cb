// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A stage of the work on a segment, but for uploads. */
@Name("dev.memtrace.Pass")
@Label("Pass")
@Category("memtrace")
@Description("A stage of the work on a segment")
@StackTrace(false)
final class PassEvent extends Event {
  /** What the flight recorder shows as not available. */
  static final long UNKNOWN = Long.MIN_VALUE;

  @Label("Stage")
  String stage = "";

  @Label("Own Time")
  @Description("Elapsed time without stages inside this one")
  @Timespan(Timespan.NANOSECONDS)
  long ownTime;

  @Label("Device Time")
  @Description("Elapsed time on the device without stages inside; taken while a listener is there")
  @Timespan(Timespan.NANOSECONDS)
  long deviceTime = UNKNOWN;

  @Label("Bytes")
  @Description("Bytes moved or written")
  @DataAmount
  long bytes;
}
