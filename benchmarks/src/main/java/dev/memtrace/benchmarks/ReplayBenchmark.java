// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.replay.Lanes;
import dev.memtrace.replay.Replay;
import dev.memtrace.replay.ReplayedWords;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The replay of a whole log on one thread, finalisation pass and records included. */
@State(Scope.Benchmark)
public class ReplayBenchmark {
  /** What {@link Workload#load} takes. */
  @Param({
    "riscv-registers",
    "streaming",
    "random-4-cell",
    "unaligned-mix:500000",
    "sparse-chunks:1000000"
  })
  public String workload;

  private final Workers oneThread = new Workers(1);
  private Workload loaded;

  /** Loads the workload. */
  @Setup(Level.Trial)
  public void load() {
    loaded = Workload.load(workload);
  }

  /**
   * Replays the log into buffers of the pool.
   *
   * @return the number of touched blocks
   */
  @Benchmark
  public long replayWithRecords() {
    BufferPool pool = BufferPool.shared();
    Replay replay = new Replay(pool, loaded.mode(), loaded.initial(), Lanes.single());
    List<ReplayedWords> words = loaded.roomForReplay(pool);
    replay.replay(oneThread, loaded.log().segments(), words);
    long touched = replay.finish(oneThread).count();
    replay.release();
    for (ReplayedWords segment : words) {
      pool.release(segment.previous());
      pool.release(segment.data());
    }
    return touched;
  }
}
