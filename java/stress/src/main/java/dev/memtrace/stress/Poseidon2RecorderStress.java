// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.lang.foreign.MemorySegment;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Chips on several threads record inputs of one Poseidon2 periphery. */
public final class Poseidon2RecorderStress {
  private static final int MULTIPLICITY = Poseidon2Periphery.ROW_WORDS - 1;

  private Poseidon2RecorderStress() {}

  private static int[] half(int word) {
    return new int[] {word, 0, 0, 0, 0, 0, 0, 0};
  }

  /** Equal inputs become one row, and every request is counted. */
  @JCStressTest
  @Outcome(id = "3, 4, 2", expect = Expect.ACCEPTABLE, desc = "three rows, four requests")
  @Outcome(expect = Expect.FORBIDDEN, desc = "requests were lost or rows doubled")
  @State
  public static class Requests {
    private final Poseidon2Periphery recorder = new Poseidon2Periphery(Memory.onHeap());

    private void record(int own) {
      recorder.recordCompression(half(7), half(7));
      recorder.recordCompression(half(own), half(0));
    }

    @Actor
    public void first() {
      record(1);
    }

    @Actor
    public void second() {
      record(2);
    }

    @Arbiter
    public void rows(III_Result result) {
      MemorySegment rows = recorder.inputs();
      result.r1 = recorder.size();
      for (int row = 0; row < result.r1; row++) {
        long at = 4L * Poseidon2Periphery.ROW_WORDS * row;
        int times = rows.get(IntBuffer64.WORD, at + 4L * MULTIPLICITY);
        result.r2 += times;
        result.r3 += rows.get(IntBuffer64.WORD, at) == 7 ? times : 0;
      }
    }
  }

  /** Whoever comes after the close is refused, and memory is given back once. */
  @JCStressTest
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "refused")
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "recorded before the close")
  @Outcome(expect = Expect.FORBIDDEN, desc = "memory is lost or was used after the close")
  @State
  public static class Closed {
    private final BufferPool pool = Memory.onHeap();
    private final Poseidon2Periphery recorder = new Poseidon2Periphery(pool);

    @Actor
    public void record(II_Result result) {
      try {
        recorder.recordCompression(half(1), half(2));
        result.r1 = 1;
      } catch (IllegalStateException e) {
        result.r1 = 0;
      }
    }

    @Actor
    public void close() {
      recorder.close();
    }

    @Arbiter
    public void closeAgain(II_Result result) {
      recorder.close();
      result.r2 = pool.retainedBytes() > 0 ? 1 : 0;
    }
  }
}
