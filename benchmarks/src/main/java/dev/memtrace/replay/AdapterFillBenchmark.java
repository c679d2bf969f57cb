// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Rows of access adapters from splits and merges that are known: what the pass over cells adds. */
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AdapterFillBenchmark {
  private static final int EVENTS = 1 << 14;

  /** Cells that the blocks lie in: few pages, because a pass copies those that it touches. */
  private static final int RANGE = 1 << 14;

  /** Cells of the parent block. */
  @Param({"2", "8", "32"})
  public int cells;

  private final BlockEvents events = new BlockEvents();
  private BufferPool pool;
  private AddressMap initial;
  private CellPass pass;

  /** Makes events at random blocks. */
  @Setup(Level.Trial)
  public void makeEvents() {
    SplittableRandom random = new SplittableRandom(1);
    pool = BufferPool.shared();
    initial = new AddressMap(MemoryConfig.defaults(), pool);
    int logSize = Integer.numberOfTrailingZeros(cells);
    for (int i = 0; i < EVENTS; i++) {
      int pointer = random.nextInt(RANGE / cells) * cells;
      initial.set(2, pointer, 1 + i);
      events.add(i, logSize, random.nextBoolean(), 2, pointer, i, random.nextInt(i + 1));
    }
  }

  /** Makes a pass, whose memory comes from the last one. */
  @Setup(Level.Invocation)
  public void open() {
    pass = new CellPass(pool, initial, Lanes.single(), 0);
  }

  /** Gives the memory back. */
  @TearDown(Level.Invocation)
  public void close() {
    pass.release();
  }

  /** Writes the rows. */
  @Benchmark
  @OperationsPerInvocation(EVENTS)
  public void fill() {
    pass.finish(events);
  }
}
