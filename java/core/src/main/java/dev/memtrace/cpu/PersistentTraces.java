// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.air.Air;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.Stages;
import dev.memtrace.merkle.MemoryRoots;
import dev.memtrace.merkle.MemoryTree;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.merkle.StateTree;
import dev.memtrace.merkle.TouchedNodeCounts;
import dev.memtrace.merkle.TouchedTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.poseidon2.Poseidon2Constants;
import dev.memtrace.replay.TouchedBlocks;
import dev.memtrace.trace.MerkleTrace;
import dev.memtrace.trace.PersistentBoundaryTrace;
import dev.memtrace.trace.Traces;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/** Boundary, memory tree and roots of a finished segment in persistent mode, hashed on the CPU. */
final class PersistentTraces {
  private final BufferPool pool;
  private final long boundaryRows;
  private final long merkleRows;
  private final TouchedTree touched;
  private boolean treeTaken;
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
      TouchedTree touched) {
    this.pool = pool;
    this.boundaryRows = boundaryRows;
    this.boundary = boundary;
    this.merkleRows = merkleRows;
    this.merkle = merkle;
    this.touched = touched;
    this.boundaryHeight = TraceHeight.nextPowerOfTwo(boundaryRows);
    this.merkleHeight = TraceHeight.nextPowerOfTwo(merkleRows);
  }

  static PersistentTraces build(CpuBackend backend, MemoryState initial, TouchedBlocks touched) {
    BufferPool pool = backend.pool();
    long boundaryRows = 2 * touched.count();
    long boundaryHeight = TraceHeight.nextPowerOfTwo(boundaryRows);
    MemorySegment boundary = Traces.acquire(pool, boundaryHeight, PersistentBoundaryAir.WIDTH);
    try {
      return build(backend, initial, touched, boundaryRows, boundary);
    } catch (RuntimeException | Error e) {
      pool.release(boundary);
      throw e;
    }
  }

  private static PersistentTraces build(
      CpuBackend backend,
      MemoryState initial,
      TouchedBlocks touched,
      long boundaryRows,
      MemorySegment boundary) {
    long boundaryHeight = TraceHeight.nextPowerOfTwo(boundaryRows);
    PersistentBoundaryTrace chunks;
    try (Stages.Span span = backend.stages().open(Stage.BOUNDARY)) {
      Traces.pad(boundary, boundaryRows, boundaryHeight, PersistentBoundaryAir.WIDTH);
      chunks = new PersistentBoundaryTrace(backend.workers(), touched, initial.image(), boundary);
      span.addBytes(4 * boundaryHeight * PersistentBoundaryAir.WIDTH);
    }
    try (Stages.Span span = backend.stages().open(Stage.MERKLE)) {
      PersistentTraces made = hash(backend, initial, chunks, boundaryRows, boundary);
      span.addBytes(4 * made.merkleHeight * MerkleAir.WIDTH);
      return made;
    }
  }

  private static PersistentTraces hash(
      CpuBackend backend,
      MemoryState initial,
      PersistentBoundaryTrace chunks,
      long boundaryRows,
      MemorySegment boundary) {
    BufferPool pool = backend.pool();
    ResidentTree tree = initial.hashedTree(backend.workers(), backend.batch());
    MemoryDimensions dimensions = tree.dimensions();
    TouchedNodeCounts counts =
        new TouchedNodeCounts(chunks.count(), chunks::leaf, dimensions.overallHeight());
    long merkleRows = 2 * counts.above(0);
    long merkleHeight = TraceHeight.nextPowerOfTwo(merkleRows);
    MemorySegment merkle = Traces.acquire(pool, merkleHeight, MerkleAir.WIDTH);
    try {
      Traces.pad(merkle, merkleRows, merkleHeight, MerkleAir.WIDTH);
      TouchedTree hashed =
          new MemoryTree(backend.workers(), backend.batch(), pool, tree)
              .hash(chunks, counts, new MerkleTrace(dimensions, merkle));
      return new PersistentTraces(pool, boundaryRows, boundary, merkleRows, merkle, hashed);
    } catch (RuntimeException | Error e) {
      pool.release(merkle);
      throw e;
    }
  }

  /**
   * Moves the tree out of the state before the segment and brings it to after the segment.
   *
   * @param initial the state before the segment
   * @return the tree, owned by the caller
   * @throws IllegalStateException if that was done before
   */
  StateTree takeTreeAfter(MemoryState initial) {
    if (treeTaken) {
      throw new IllegalStateException("the state after this segment was handed out already");
    }
    StateTree tree = Objects.requireNonNull(initial.tree(), "tree of the initial state");
    ResidentTree resident = tree.onHost();
    touched.reserveIn(resident);
    initial.takeTree();
    touched.applyTo(resident);
    treeTaken = true;
    return resident;
  }

  /**
   * Adds every hash that a row claims: chunks in ascending order, then the tree from the top.
   *
   * @param stages hear how long it takes
   * @param hasher receives the inputs, all of them or none
   */
  void record(Stages stages, Poseidon2Periphery hasher) {
    try (Stages.Span span = stages.open(Stage.POSEIDON2)) {
      hasher.reserve(boundaryRows + merkleRows);
      hasher.recordAll(
          boundary, PersistentBoundaryAir.VALUES, PersistentBoundaryAir.WIDTH, 8, boundaryRows);
      hasher.recordAll(merkle, MerkleAir.LEFT_HASH, MerkleAir.WIDTH, 16, merkleRows);
      span.addBytes(4L * Poseidon2Constants.WIDTH * (boundaryRows + merkleRows));
    }
  }

  /**
   * Returns the used rows of the Merkle trace.
   *
   * @return rows
   */
  long merkleRows() {
    return merkleRows;
  }

  /**
   * Returns the roots before and after the segment.
   *
   * @return both roots
   */
  MemoryRoots roots() {
    return touched.roots();
  }

  /**
   * Brings both traces to their final heights, so that {@link #take} cannot fail.
   *
   * @param boundaryHeight rows of the boundary trace, padding included
   * @param merkleHeight rows of the Merkle trace, padding included
   */
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

  /**
   * Hands both traces over.
   *
   * @return boundary and tree, owned by the caller
   */
  List<AirProofInput> take() {
    List<AirProofInput> inputs =
        List.of(
            input(
                new PersistentBoundaryAir(), boundary, boundaryHeight, new int[0], boundaryRows, 0),
            input(new MerkleAir(), merkle, merkleHeight, publicValues(), merkleRows, merkleHeight));
    boundary = MemorySegment.NULL;
    merkle = MemorySegment.NULL;
    return inputs;
  }

  private AirProofInput input(
      Air air,
      MemorySegment rows,
      long height,
      int[] publicValues,
      long usedRows,
      long logOrderRows) {
    TraceMatrix trace = Traces.matrix(pool, rows, height, air.width());
    return new AirProofInput(air, trace, publicValues, usedRows, logOrderRows);
  }

  private int[] publicValues() {
    int[] values = new int[MerkleAir.PUBLIC_VALUES];
    System.arraycopy(roots().initial(), 0, values, 0, 8);
    System.arraycopy(roots().after(), 0, values, 8, 8);
    return values;
  }

  /** Gives back what was not handed over. */
  void release() {
    for (MemorySegment buffer : List.of(boundary, merkle)) {
      if (buffer.byteSize() > 0) {
        pool.release(buffer);
      }
    }
    boundary = MemorySegment.NULL;
    merkle = MemorySegment.NULL;
    touched.release();
  }
}
