// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.instrument.Stage;
import dev.memtrace.merkle.MemoryRoots;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Boundary and Merkle trace of a finished segment in persistent mode, hashed on the device, and
 * what it takes to bring memory to after the segment.
 */
final class DevicePersistentTraces implements AutoCloseable {
  /** One of the two traces, of some height. */
  private static final class Trace {
    private final int width;
    private final String owner;
    private Arguments.TraceColumns columns = Arguments.TraceColumns.NONE;

    Trace(int width, String owner) {
      this.width = width;
      this.owner = owner;
    }

    private DeviceBuffer cells() {
      DeviceBuffer cells = columns.cells();
      if (cells == null) {
        throw new IllegalStateException("the " + owner + " was handed out already");
      }
      return cells;
    }
  }

  private final CudaStream stream;
  private final NodeCounts counts;
  private final DeviceScope traces;
  private final Trace boundary = new Trace(PersistentBoundaryAir.WIDTH, "persistent boundary");
  private final Trace merkle = new Trace(MerkleAir.WIDTH, "Merkle trace");

  /** Owns the touched nodes and their digests after the segment. */
  private final DeviceScope state;

  private final DeviceBuffer nodes;
  private final DeviceBuffer after;
  private final MemoryRoots roots;
  private boolean stateTaken;

  /**
   * Makes both traces, and waits for the roots.
   *
   * @param stream where the work goes
   * @param passes of that stream
   * @param pool where the roots are read to
   * @param config shape of memory
   * @param replay the replayed log, null if it is empty
   * @param fillers fill the boundary
   * @param memory memory before the segment
   * @throws dev.memtrace.backend.DeviceMemoryException if the device's memory does not suffice;
   *     nothing is left behind
   */
  DevicePersistentTraces(
      CudaStream stream,
      DevicePasses passes,
      BufferPool pool,
      MemoryConfig config,
      @Nullable DeviceReplay replay,
      DeviceTraces fillers,
      ResidentMemory memory) {
    MemoryDimensions dimensions = config.dimensions();
    Summary summary = replay == null ? new Summary() : replay.summary();
    this.stream = stream;
    this.counts = summary.touchedNodes(dimensions.overallHeight());
    this.traces = new DeviceScope(stream);
    this.state = new DeviceScope(stream);
    try (DeviceScope temporary = new DeviceScope(stream)) {
      long boundaryHeight = TraceHeight.nextPowerOfTwo(boundaryRows());
      long merkleHeight = TraceHeight.nextPowerOfTwo(merkleRows());
      DeviceTreeNodes.require(
          stream.device(),
          counts,
          4 * boundaryHeight * PersistentBoundaryAir.WIDTH
              + 4 * merkleHeight * MerkleAir.WIDTH
              + 2 * TreeTable.DIGEST_BYTES * counts.total()
              + 8 * counts.leaves());
      DeviceBuffer faults;
      long faultAt;
      DeviceBuffer leaves;
      if (replay == null) {
        faults = temporary.allocateZeroed(FaultWords.BYTES, "faults");
        faultAt = 0;
        leaves = temporary.allocate(0, "touched leaves");
      } else {
        faults = replay.summaryBuffer();
        faultAt = Summary.FAULT_BYTE;
        leaves = replay.touchedLeaves(temporary);
      }
      long fault = faults.address() + faultAt;
      try (DevicePasses.Pass pass = passes.open(Stage.BOUNDARY)) {
        boundary.columns =
            new Arguments.TraceColumns(
                fillers.persistentBoundary(traces, boundaryHeight), boundaryHeight);
        pass.addBytes(4 * boundaryHeight * PersistentBoundaryAir.WIDTH);
      }
      merkle.columns =
          new Arguments.TraceColumns(
              traces.allocateZeroed(4 * merkleHeight * MerkleAir.WIDTH, merkle.owner),
              merkleHeight);
      DeviceTreeNodes tree =
          new DeviceTreeNodes(
              stream, state, temporary, leaves, counts, dimensions.addressHeight(), fault);
      nodes = tree.nodes();
      DeviceBuffer before = temporary.allocate(digestBytes(), "digests before the segment");
      after = state.allocate(digestBytes(), "digests after the segment");
      hash(tree, tree.with(before, after), memory, fault);
      try (ReadBack read =
          new ReadBack(stream, pool, FaultWords.BYTES + 2 * TreeTable.DIGEST_BYTES)) {
        read.add(faults, faultAt, FaultWords.BYTES);
        long beforeAt = read.add(before, 0, TreeTable.DIGEST_BYTES);
        long afterAt = read.add(after, 0, TreeTable.DIGEST_BYTES);
        MemorySegment words = read.await();
        FaultWords.check(words, 0);
        roots =
            new MemoryRoots(
                ResidentMemory.canonical(words, beforeAt),
                ResidentMemory.canonical(words, afterAt));
      }
    } catch (RuntimeException | Error e) {
      Closing.after(e, this::close);
      throw e;
    }
  }

  private long digestBytes() {
    return TreeTable.DIGEST_BYTES * counts.total();
  }

  private void hash(
      DeviceTreeNodes tree, Arguments.TreeNodes digests, ResidentMemory memory, long fault) {
    CudaDevice device = stream.device();
    stream.launch(
        device.kernel("hash_touched_chunks"),
        Arguments.items(counts.leaves())
            .add(tree.shape())
            .add(digests)
            .add(memory.tree().arguments())
            .add(device.zeroHashes())
            .add(boundary.columns)
            .add(fault)
            .words());
    tree.hash(digests, memory.tree(), merkle.columns);
  }

  /** Used rows of the boundary. */
  long boundaryRows() {
    return 2 * counts.leaves();
  }

  /** Used rows of the Merkle trace. */
  long merkleRows() {
    return 2 * counts.inner();
  }

  MemoryRoots roots() {
    return roots;
  }

  /** Both roots, as the Merkle trace has them as public values. */
  int[] publicValues() {
    int[] values = new int[MerkleAir.PUBLIC_VALUES];
    System.arraycopy(roots.initial(), 0, values, 0, 8);
    System.arraycopy(roots.after(), 0, values, 8, 8);
    return values;
  }

  /** The boundary, until it is taken. */
  Arguments.TraceColumns boundary() {
    boundary.cells();
    return boundary.columns;
  }

  /** The Merkle trace, until it is taken. */
  Arguments.TraceColumns merkle() {
    merkle.cells();
    return merkle.columns;
  }

  /**
   * Brings both traces to their final heights, so that {@link #takeBoundary} and {@link
   * #takeMerkle} cannot fail.
   *
   * @param boundaryHeight rows of the boundary, padding included
   * @param merkleHeight rows of the Merkle trace, padding included
   */
  void reserve(long boundaryHeight, long merkleHeight) {
    resize(boundary, boundaryHeight);
    resize(merkle, merkleHeight);
  }

  private void resize(Trace trace, long height) {
    Arguments.TraceColumns old = trace.columns;
    if (old.height() == height) {
      return;
    }
    DeviceBuffer from = trace.cells();
    DeviceBuffer to = traces.allocateZeroed(4 * height * trace.width, trace.owner);
    long rows = Math.min(old.height(), height);
    for (int column = 0; column < trace.width; column++) {
      stream.copy(from, 4L * column * old.height(), to, 4L * column * height, 4 * rows);
    }
    trace.columns = new Arguments.TraceColumns(to, height);
    traces.free(from);
  }

  DeviceBuffer takeBoundary() {
    return take(boundary);
  }

  DeviceBuffer takeMerkle() {
    return take(merkle);
  }

  private DeviceBuffer take(Trace trace) {
    DeviceBuffer taken = traces.release(trace.cells());
    trace.columns = Arguments.TraceColumns.NONE;
    return taken;
  }

  /**
   * What the segment touched, until {@link #stateTaken}.
   *
   * @param leaves leaf indices of the touched chunks
   * @param values a boundary trace with their final values
   * @throws IllegalStateException if the state was taken
   */
  ResidentMemory.Touched touched(DeviceBuffer leaves, Arguments.TraceColumns values) {
    checkState();
    return new ResidentMemory.Touched(
        new Arguments.TreeNodes(nodes, counts.total(), null, null, after),
        leaves,
        counts.leaves(),
        values,
        roots.after());
  }

  /** Refuses a second state. */
  void checkState() {
    if (stateTaken) {
      throw new IllegalStateException("the state after this segment was handed out already");
    }
  }

  /** Frees what only the state after the segment needs. */
  void stateTaken() {
    stateTaken = true;
    state.close();
  }

  /** Frees what was not taken. */
  @Override
  public void close() {
    Closing.all(List.of(traces::close, state::close));
  }
}
