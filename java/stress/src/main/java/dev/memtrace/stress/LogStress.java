// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** A log grows on one thread, and another one works on what was handed over. */
public final class LogStress {
  private static final int SEGMENT = 1024;

  /** Entries behind the first segment: execution goes on while the other thread works. */
  private static final int MORE = 500;

  /** How often the other thread looks: it is there when the log is handed over. */
  private static final int LOOKS = 2000;

  private static final int SPACE = 1;
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults().withPointerMaxBits(16).withAccessCapacity(SEGMENT);

  private LogStress() {}

  /** A write whose pointer, value and position tell of each other. */
  private static void write(AccessLog log, int position) {
    log.appendWrite(SPACE, 8 * position, 1, new int[] {position + 1}, 0);
  }

  /** How many of the first entries of a segment are whole; -1 if its numbers are others. */
  private static int whole(LogSegment segment) {
    if (segment.entries() != SEGMENT
        || segment.accesses() != SEGMENT
        || segment.valueWords() != SEGMENT
        || segment.dataWords() != SEGMENT
        || segment.firstTimestamp() != 1) {
      return -1;
    }
    int i = 0;
    while (i < SEGMENT
        && LogHeader.pointer(segment.header(i)) == 8 * i
        && segment.value(segment.valueOffset(i)) == i + 1
        && segment.place(i).timestamp() == i + 1) {
      i++;
    }
    return i;
  }

  /** A segment is complete when it is handed over, and does not change afterwards. */
  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not handed over yet")
  @Outcome(id = "1024", expect = Expect.ACCEPTABLE, desc = "complete")
  @Outcome(expect = Expect.FORBIDDEN, desc = "handed over before it was complete")
  @State
  public static class Segment {
    private final AccessLog log = new AccessLog(CONFIG, Memory.onHeap());
    private volatile @Nullable LogSegment full;

    /** Fills the log up to the last entry of its first segment. */
    public Segment() {
      log.setSegmentSink(segment -> full = segment);
      for (int i = 0; i < SEGMENT; i++) {
        write(log, i);
      }
    }

    @Actor
    public void execution() {
      for (int i = SEGMENT; i < SEGMENT + MORE; i++) {
        write(log, i);
      }
      log.segments();
    }

    @Actor
    public void receiver(I_Result result) {
      LogSegment segment = full;
      for (int i = 0; segment == null && i < LOOKS; i++) {
        segment = full;
      }
      result.r1 = segment == null ? 0 : whole(segment);
    }
  }

  /** A whole log is handed over to the thread that makes its traces. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "not handed over yet")
  @Outcome(id = "1024, 1524", expect = Expect.ACCEPTABLE, desc = "complete")
  @Outcome(expect = Expect.FORBIDDEN, desc = "handed over before it was complete")
  @State
  public static class WholeLog {
    private final AccessLog log = new AccessLog(CONFIG, Memory.onHeap());
    private volatile @Nullable AccessLog handed;

    /** Fills the log up to the last entry of its first segment. */
    public WholeLog() {
      for (int i = 0; i < SEGMENT; i++) {
        write(log, i);
      }
    }

    @Actor
    public void execution() {
      for (int i = SEGMENT; i < SEGMENT + MORE; i++) {
        write(log, i);
      }
      handed = log;
    }

    @Actor
    public void finalisation(II_Result result) {
      AccessLog taken = handed;
      for (int i = 0; taken == null && i < LOOKS; i++) {
        taken = handed;
      }
      if (taken != null) {
        taken.claim();
        taken.seal();
        result.r1 = whole(taken.segments().getFirst());
        result.r2 = (int) taken.size();
      }
    }
  }
}
