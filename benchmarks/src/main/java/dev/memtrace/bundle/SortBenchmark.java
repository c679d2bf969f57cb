// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The order of the rows of a trace, for digests that do not depend on it. */
@State(Scope.Benchmark)
public class SortBenchmark {
  private static final int WIDTH = 17;

  /** Rows of the trace. */
  @Param("1000000")
  public int rows;

  private MemorySegment table;

  /** Makes rows whose first two columns are those of an adapter: few values, many runs. */
  @Setup(Level.Trial)
  public void fill() {
    SplittableRandom random = new SplittableRandom(1);
    table = Arena.ofAuto().allocate(4L * WIDTH * rows, Integer.BYTES);
    for (long i = 0; i < (long) WIDTH * rows; i++) {
      int column = (int) (i % WIDTH);
      int bound = column == 0 ? 2 : column == 1 ? 8 : 1 << 20;
      table.setAtIndex(IntBuffer64.WORD, i, random.nextInt(bound));
    }
  }

  /**
   * Sorts.
   *
   * @return row numbers in order
   */
  @Benchmark
  public int[] order() {
    return RowSorter.order(table, rows, WIDTH);
  }
}
