// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.Arrays;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Auxiliary columns of two segments are made at once, over one range checker. */
public final class AuxColumnsStress {
  private static final int BITS = 3;
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults()
          .withRangeMaxBits(BITS)
          .withClkMaxBits(2 * BITS)
          .withPointerMaxBits(2 * BITS)
          .withAsHeight(1)
          .withAccessCapacity(0);

  private static final TraceSession FIRST = session(1);
  private static final TraceSession SECOND = session(2);
  private static final int[] WANTED = wanted();

  private AuxColumnsStress() {}

  private static VariableRangeChecker checker() {
    return new VariableRangeChecker(new RangeCheckerBus(1, BITS));
  }

  /** A finished segment that reads and writes the same few cells. */
  private static TraceSession session(int stride) {
    CpuBackend backend = new CpuBackend(new BackendOptions(1));
    TraceSession session = backend.open(MemoryMode.VOLATILE, new AddressMap(CONFIG));
    AccessLog log = new AccessLog(CONFIG);
    for (int i = 0; i < 12; i++) {
      log.appendWrite(1, i * stride % 5, 1, new int[] {i}, 0);
      log.appendRead(1, i % 3, 1);
    }
    log.segments().forEach(session::appendSegment);
    session.finalizeMemory(null);
    return session;
  }

  private static int[] wanted() {
    VariableRangeChecker checker = checker();
    FIRST.countAuxColumns(checker);
    SECOND.countAuxColumns(checker);
    return checker.counts();
  }

  /** The counts are those of both segments. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "all counts of both")
  @Outcome(expect = Expect.FORBIDDEN, desc = "counts were lost")
  @State
  public static class OneChecker {
    private final VariableRangeChecker checker = checker();

    @Actor
    public void first() {
      FIRST.generateAuxColumns(checker).close();
    }

    @Actor
    public void second() {
      SECOND.generateAuxColumns(checker).close();
    }

    @Arbiter
    public void compare(I_Result result) {
      result.r1 = Arrays.equals(checker.counts(), WANTED) ? 1 : 0;
    }
  }
}
