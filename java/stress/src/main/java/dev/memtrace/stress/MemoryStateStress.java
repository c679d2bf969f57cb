// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** A state between two segments is used once, and memory under several states is freed once. */
public final class MemoryStateStress {
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults().withAsHeight(1).withPointerMaxBits(4);

  private MemoryStateStress() {}

  private static @Nullable MemoryState take(MemoryState state, String user) {
    try {
      return state.move(CONFIG, user);
    } catch (IllegalStateException e) {
      return null;
    }
  }

  /** Whether a state was taken; what is freed is refused by an exception. */
  private static int isUsable(@Nullable MemoryState taken) {
    if (taken == null) {
      return 0;
    }
    taken.image().checkCell(1, 3);
    return 1;
  }

  /** Memory with one page, whose cells nobody looks at. */
  private static AddressMap cells(BufferPool pool) {
    return new AddressMap(CONFIG, pool).set(1, 3, 1);
  }

  /** Of two controllers that take a state at once, one gets it. */
  @JCStressTest
  @Outcome(
      id = {"1, 0, 0", "0, 1, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "one has it")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both have it, or none")
  @State
  public static class TakenTwice {
    private final MemoryState state;

    /** Makes the state. */
    public TakenTwice() {
      BufferPool pool = Memory.withoutContent();
      state = new MemoryState(pool, cells(pool), null);
    }

    @Actor
    public void first(III_Result result) {
      result.r1 = isUsable(take(state, "first"));
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = isUsable(take(state, "second"));
    }

    @Arbiter
    public void third(III_Result result) {
      result.r3 = isUsable(take(state, "third"));
    }
  }

  /** A state that is closed while it is taken is either gone or its taker's. */
  @JCStressTest
  @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "taken, so not freed")
  @Outcome(id = "0, 1, 0", expect = Expect.ACCEPTABLE, desc = "closed and freed")
  @Outcome(expect = Expect.FORBIDDEN, desc = "taken and freed, or lost")
  @State
  public static class TakenAndClosed {
    private final BufferPool pool = Memory.withoutContent();
    private final MemoryState state = new MemoryState(pool, cells(pool), null);
    private @Nullable MemoryState taken;

    @Actor
    public void take() {
      taken = MemoryStateStress.take(state, "a controller");
    }

    @Actor
    public void close() {
      state.close();
    }

    @Arbiter
    public void look(III_Result result) {
      result.r2 = pool.retainedBytes() > 0 ? 1 : 0;
      try {
        result.r1 = isUsable(taken);
      } catch (IllegalStateException e) {
        result.r3 = 1; // taken, and freed under its taker
      }
    }
  }

  /** Cells under two states are freed by the last one, on whatever thread. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "freed once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "never freed, or twice")
  @State
  public static class SharedCells {
    private final BufferPool pool = Memory.withoutContent();
    private final AddressMap first;
    private final AddressMap second;
    private final long bytes;

    /** Makes two layers over cells that nobody else holds. */
    public SharedCells() {
      AddressMap cells = cells(pool);
      MemoryState before = new MemoryState(pool, cells, null);
      first = AddressMap.after(cells, CONFIG, pool);
      second = AddressMap.after(cells, CONFIG, pool);
      before.close();
      bytes = pool.retainedBytes();
    }

    @Actor
    public void releaseFirst() {
      first.release();
    }

    @Actor
    public void releaseSecond() {
      second.release();
    }

    @Arbiter
    public void look(I_Result result) {
      result.r1 = bytes == 0 && pool.retainedBytes() > 0 ? 1 : 0;
    }
  }
}
