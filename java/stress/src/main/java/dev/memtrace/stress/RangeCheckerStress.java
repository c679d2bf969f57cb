// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import dev.memtrace.field.BabyBear;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.RangeTally;
import dev.memtrace.periphery.TraceLimitException;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Chips on several threads add to one range checker. */
public final class RangeCheckerStress {
  private RangeCheckerStress() {}

  /** A checker of at most 1 bit. Its rows are 0 (unused), 1 (0, 0), 2 (0, 1) and 3 (1, 1). */
  private static VariableRangeChecker checker() {
    return new VariableRangeChecker(new RangeCheckerBus(1, 1));
  }

  private static void add(VariableRangeChecker checker, int row1, int row2, int row3) {
    checker.addTable(MemorySegment.ofArray(new int[] {0, row1, row2, row3}));
  }

  /** No count is lost, however it is added. */
  @JCStressTest
  @Outcome(id = "3, 5", expect = Expect.ACCEPTABLE, desc = "all counts")
  @Outcome(expect = Expect.FORBIDDEN, desc = "counts were lost or made up")
  @State
  public static class Sums {
    private final VariableRangeChecker checker = checker();

    @Actor
    public void singleRequests() {
      checker.addCount(0, 1);
      checker.addLimbs(3, 2);
    }

    @Actor
    public void tallies() {
      RangeTally tally = new RangeTally(checker, 4);
      tally.limbs(2, 2);
      tally.single(0, 1, 1);
      tally.limbs(3, 2);
      checker.addAll(List.of(tally));
    }

    @Arbiter
    public void sum(II_Result result) {
      result.r1 = checker.count(2);
      result.r2 = checker.count(3);
    }
  }

  /** A request that fits is taken, while another thread asks for more than fits. */
  @JCStressTest
  @Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE, desc = "one is refused, one is counted")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the refused one was seen by the other")
  @State
  public static class NearTheLimit {
    private static final int FREE = 3;
    private final VariableRangeChecker checker = checker();

    /** Leaves room for few requests. */
    public NearTheLimit() {
      add(checker, 0, 0, BabyBear.P - 1 - FREE);
    }

    @Actor
    public void tooMuch(III_Result result) {
      try {
        add(checker, 0, 0, BabyBear.P - 1);
      } catch (TraceLimitException e) {
        result.r1 = 1;
      }
    }

    @Actor
    public void justOne(III_Result result) {
      checker.addCount(1, 1);
      result.r2 = 1;
    }

    @Arbiter
    public void sum(III_Result result) {
      result.r3 = checker.count(3) - (BabyBear.P - 1 - FREE);
    }
  }

  /** What is refused leaves nothing behind, beside what others have counted meanwhile. */
  @JCStressTest
  @Outcome(id = "1, 1, 2", expect = Expect.ACCEPTABLE, desc = "all of one, none of the other")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a part of what was refused")
  @State
  public static class AllOrNone {
    private final VariableRangeChecker checker = checker();

    /** Fills the last row. */
    public AllOrNone() {
      add(checker, 0, 0, BabyBear.P - 1);
    }

    @Actor
    public void refused(III_Result result) {
      RangeTally tally = new RangeTally(checker, 4);
      tally.single(0, 1, 5);
      tally.single(0, 0, 5);
      tally.single(1, 1, 1);
      try {
        checker.addAll(List.of(tally));
      } catch (TraceLimitException e) {
        result.r1 = 1;
      }
    }

    @Actor
    public void counted() {
      checker.addCount(0, 1);
      checker.addLimbs(0, 2);
    }

    @Arbiter
    public void sum(III_Result result) {
      result.r2 = checker.count(3) == BabyBear.P - 1 && checker.count(1) == 0 ? 1 : 0;
      result.r3 = checker.count(2) - 1;
    }
  }
}
