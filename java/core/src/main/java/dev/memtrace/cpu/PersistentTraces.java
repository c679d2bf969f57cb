// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.image.AddressMap;
import dev.memtrace.merkle.MemoryRoots;
import dev.memtrace.merkle.MemoryTree;
import dev.memtrace.merkle.TouchedNodeCounts;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.replay.TouchedBlocks;
import dev.memtrace.trace.MerkleTrace;
import dev.memtrace.trace.PersistentBoundaryTrace;
import dev.memtrace.trace.Traces;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Boundary, memory tree and roots of a finished segment in persistent mode. */
final class PersistentTraces {
  private final BufferPool pool;
  private final long boundaryRows;
  private final long merkleRows;
  private final MemoryRoots roots;
  private long boundaryHeight;
  private long merkleHeight;
  private MemorySegment boundary;
  private MemorySegment merkle;

  private PersistentTraces(
      BufferPool pool,
      long boundaryRows,
      MemorySegment boundary,
      long merkleRows,
      MemorySegment merkle,
      MemoryRoots roots) {
    this.pool = pool;
    this.boundaryRows = boundaryRows;
    this.boundary = boundary;
    this.merkleRows = merkleRows;
    this.merkle = merkle;
    this.roots = roots;
    this.boundaryHeight = TraceHeight.nextPowerOfTwo(boundaryRows);
    this.merkleHeight = TraceHeight.nextPowerOfTwo(merkleRows);
  }

  static PersistentTraces build(CpuBackend backend, AddressMap initial, TouchedBlocks touched) {
    BufferPool pool = backend.pool();
    MemoryDimensions dimensions = initial.config().dimensions();
    long boundaryRows = 2 * touched.count();
    long boundaryHeight = TraceHeight.nextPowerOfTwo(boundaryRows);
    MemorySegment boundary = Traces.acquire(pool, boundaryHeight, PersistentBoundaryAir.WIDTH);
    Traces.pad(boundary, boundaryRows, boundaryHeight, PersistentBoundaryAir.WIDTH);
    PersistentBoundaryTrace chunks =
        new PersistentBoundaryTrace(backend.workers(), touched, initial, boundary);

    TouchedNodeCounts counts =
        new TouchedNodeCounts(chunks.count(), chunks::leaf, dimensions.overallHeight());
    long merkleRows = 2 * counts.above(0);
    long merkleHeight = TraceHeight.nextPowerOfTwo(merkleRows);
    MemorySegment merkle = Traces.acquire(pool, merkleHeight, MerkleAir.WIDTH);
    Traces.pad(merkle, merkleRows, merkleHeight, MerkleAir.WIDTH);
    MemoryRoots roots =
        new MemoryTree(backend.workers(), backend.batch(), pool, dimensions)
            .hash(initial, chunks, counts, new MerkleTrace(dimensions, merkle));
    return new PersistentTraces(pool, boundaryRows, boundary, merkleRows, merkle, roots);
  }

  /** Adds every hash that a row claims: chunks in ascending order, then the tree from the top. */
  void record(Poseidon2Periphery hasher) {
    hasher.reserve(boundaryRows + merkleRows);
    hasher.recordAll(
        boundary, PersistentBoundaryAir.VALUES, PersistentBoundaryAir.WIDTH, 8, boundaryRows);
    hasher.recordAll(merkle, MerkleAir.LEFT_HASH, MerkleAir.WIDTH, 16, merkleRows);
  }

  long merkleRows() {
    return merkleRows;
  }

  MemoryRoots roots() {
    return roots;
  }

  /** Brings both traces to their final heights, so that {@link #take} cannot fail. */
  void reserve(long boundaryHeight, long merkleHeight) {
    boundary =
        Traces.resize(
            pool,
            boundary,
            boundaryRows,
            this.boundaryHeight,
            boundaryHeight,
            PersistentBoundaryAir.WIDTH);
    this.boundaryHeight = boundaryHeight;
    merkle =
        Traces.resize(pool, merkle, merkleRows, this.merkleHeight, merkleHeight, MerkleAir.WIDTH);
    this.merkleHeight = merkleHeight;
  }

  /** Hands both traces over. */
  List<AirProofInput> take() {
    MemorySegment boundaryTrace = boundary;
    MemorySegment merkleTrace = merkle;
    boundary = MemorySegment.NULL;
    merkle = MemorySegment.NULL;
    int[] publicValues = new int[MerkleAir.PUBLIC_VALUES];
    System.arraycopy(roots.initial(), 0, publicValues, 0, 8);
    System.arraycopy(roots.after(), 0, publicValues, 8, 8);
    return List.of(
        new AirProofInput(
            new PersistentBoundaryAir(),
            Traces.matrix(pool, boundaryTrace, boundaryHeight, PersistentBoundaryAir.WIDTH),
            new int[0],
            boundaryRows,
            0),
        new AirProofInput(
            new MerkleAir(),
            Traces.matrix(pool, merkleTrace, merkleHeight, MerkleAir.WIDTH),
            publicValues,
            merkleRows,
            merkleHeight));
  }

  void release() {
    for (MemorySegment buffer : List.of(boundary, merkle)) {
      if (buffer.byteSize() > 0) {
        pool.release(buffer);
      }
    }
    boundary = MemorySegment.NULL;
    merkle = MemorySegment.NULL;
  }
}
