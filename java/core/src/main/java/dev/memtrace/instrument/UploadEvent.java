// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A copy of log or memory to a device. */
@Name("dev.memtrace.Upload")
@Label("Upload")
@Category("memtrace")
@Description("A copy of log or memory to a device; the duration is that of enqueuing it")
@StackTrace(false)
final class UploadEvent extends Event {
  @Label("Bytes")
  @DataAmount
  long bytes;
}
