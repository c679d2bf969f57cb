// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.merkle.MemoryTree;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.merkle.TouchedNodeCounts;
import dev.memtrace.merkle.TouchedTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2Batch;
import dev.memtrace.replay.Lanes;
import dev.memtrace.replay.Replay;
import dev.memtrace.replay.TouchedBlocks;
import dev.memtrace.trace.MerkleTrace;
import dev.memtrace.trace.PersistentBoundaryTrace;
import dev.memtrace.trace.Traces;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Boundary and memory tree of a replayed log, apart from each other, on one thread. */
@State(Scope.Benchmark)
public class TreeBenchmark {
  /** What {@link Workload#load} takes. */
  @Param({"sparse-chunks:1000000", "random-4-cell:1000000"})
  public String workload;

  private final Workers oneThread = new Workers(1);
  private final BufferPool pool = BufferPool.shared();
  private Workload loaded;
  private TouchedBlocks touched;
  private ResidentTree empty;
  private MemorySegment boundary;
  private PersistentBoundaryTrace chunks;
  private TouchedNodeCounts counts;
  private MemorySegment merkle;

  /** Replays the log. */
  @Setup(Level.Trial)
  public void replay() {
    loaded = Workload.load(workload);
    Replay replay = new Replay(pool, loaded.mode(), loaded.initial(), Lanes.single());
    replay.replay(oneThread, loaded.log().segments(), loaded.roomForReplay(pool));
    touched = replay.finish(oneThread);
    empty = ResidentTree.of(oneThread, Poseidon2Batch.best(), pool, loaded.initial());
    long rows = TraceHeight.nextPowerOfTwo(2 * touched.count());
    boundary = Traces.acquire(pool, rows, PersistentBoundaryAir.WIDTH);
    chunks = new PersistentBoundaryTrace(oneThread, touched, loaded.initial(), boundary);
    counts =
        new TouchedNodeCounts(chunks.count(), chunks::leaf, empty.dimensions().overallHeight());
    merkle = Traces.acquire(pool, TraceHeight.nextPowerOfTwo(2 * counts.above(0)), MerkleAir.WIDTH);
  }

  /**
   * The boundary trace without its hashes.
   *
   * @return the number of touched chunks
   */
  @Benchmark
  public int boundary() {
    return new PersistentBoundaryTrace(oneThread, touched, loaded.initial(), boundary).count();
  }

  /**
   * The digests of touched chunks and nodes, and the Merkle trace.
   *
   * @return a word of the root
   */
  @Benchmark
  public int hash() {
    TouchedTree tree = hashed(empty);
    try {
      return tree.roots().after()[0];
    } finally {
      tree.release();
    }
  }

  /**
   * The same, and the tree after the segment.
   *
   * @return the number of nodes
   */
  @Benchmark
  public int update() {
    ResidentTree resident =
        ResidentTree.of(oneThread, Poseidon2Batch.best(), pool, loaded.initial());
    TouchedTree tree = hashed(resident);
    try {
      tree.reserveIn(resident);
      tree.applyTo(resident);
      return resident.size();
    } finally {
      tree.release();
      resident.close();
    }
  }

  private TouchedTree hashed(ResidentTree before) {
    return new MemoryTree(oneThread, Poseidon2Batch.best(), pool, before)
        .hash(chunks, counts, new MerkleTrace(before.dimensions(), merkle));
  }
}
