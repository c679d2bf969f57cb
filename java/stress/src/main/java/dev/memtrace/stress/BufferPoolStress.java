// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.JJJ_Result;

/** Sessions on several threads take buffers from one pool. */
public final class BufferPoolStress {
  private static final long BYTES = 4096;

  private BufferPoolStress() {}

  private static BufferPool pool(int buffers) {
    BufferPool pool = Memory.withoutContent();
    MemorySegment[] taken = new MemorySegment[buffers];
    for (int i = 0; i < buffers; i++) {
      taken[i] = pool.acquire(BYTES);
    }
    for (MemorySegment buffer : taken) {
      pool.release(buffer);
    }
    return pool;
  }

  /** Nobody gets a buffer that somebody else has. */
  @JCStressTest
  @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE, desc = "one got the free one")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both have the same buffer")
  @State
  public static class Taken {
    private final BufferPool pool = pool(1);
    private long first;
    private long second;

    @Actor
    public void first() {
      first = pool.acquire(BYTES).address();
    }

    @Actor
    public void second() {
      second = pool.acquire(BYTES).address();
    }

    @Arbiter
    public void compare(JJJ_Result result) {
      result.r1 = first != second ? 1 : 0;
      result.r2 = first != 0 && second != 0 ? 1 : 0;
      result.r3 = pool.retainedBytes();
    }
  }

  /** What is taken and given back is there afterwards, once. */
  @JCStressTest
  @Outcome(id = "2, 0", expect = Expect.ACCEPTABLE, desc = "both buffers are there")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a buffer is lost or there twice")
  @State
  public static class GivenBack {
    private final BufferPool pool = pool(2);

    @Actor
    public void first() {
      pool.release(pool.acquire(BYTES));
    }

    @Actor
    public void second() {
      pool.release(pool.acquire(BYTES));
    }

    @Arbiter
    public void takeAll(II_Result result) {
      result.r1 = (int) (pool.retainedBytes() / BYTES);
      long one = pool.acquire(BYTES).address();
      long other = pool.acquire(BYTES).address();
      result.r2 = one == other ? 1 : (int) pool.retainedBytes();
    }
  }

  /** A buffer that two threads give back is refused to one of them. */
  @JCStressTest
  @Outcome(
      id = {"1, 0, 1", "0, 1, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "the second one is refused")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the buffer is in the pool twice, or not at all")
  @State
  public static class GivenBackTwice {
    private final BufferPool pool = Memory.withoutContent();
    private final MemorySegment buffer = pool.acquire(BYTES);

    private int release() {
      try {
        pool.release(buffer);
        return 1;
      } catch (IllegalStateException e) {
        return 0;
      }
    }

    @Actor
    public void first(III_Result result) {
      result.r1 = release();
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = release();
    }

    @Arbiter
    public void retained(III_Result result) {
      result.r3 = (int) (pool.retainedBytes() / BYTES);
    }
  }
}
