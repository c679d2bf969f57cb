// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.RangeCheckerAir;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.Stages;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.merkle.StateTree;
import dev.memtrace.merkle.TouchedNodeCounts;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.MemoryReadOrImmediateAuxCols;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeTally;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.replay.AdapterRows;
import dev.memtrace.replay.Lanes;
import dev.memtrace.replay.Replay;
import dev.memtrace.replay.TouchedBlocks;
import dev.memtrace.trace.AdapterRangeChecks;
import dev.memtrace.trace.AuxColumnsTrace;
import dev.memtrace.trace.Traces;
import dev.memtrace.trace.VolatileBoundaryTrace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** One segment of execution on the CPU. */
final class CpuSession implements TraceSession {
  private static final int MAX_LANES = 64;

  private final CpuBackend backend;
  private final BufferPool pool;
  private final MemoryMode mode;
  private final MemoryConfig config;
  private final MemoryState initialState;

  /** Whether the tree of the initial state is this session's own. */
  private final boolean ownsTree;

  private final AddressMap initial;

  private final List<LogSegment> segments = new ArrayList<>();
  private @Nullable ManualReplay manual;

  /** Whether a failed finalisation forgot what was replayed. */
  private boolean forgotten;

  private CompactRecords records;
  private Replay replay;

  /** Set by {@link #finalizeMemory}. */
  private @Nullable TouchedBlocks touched;

  /** Set by {@link #finalizeMemory} in persistent mode. */
  private @Nullable PersistentTraces persistent;

  /** Adapter rows that were made, once the traces own them. */
  private long @Nullable [] handedOver;

  private boolean closed;

  CpuSession(CpuBackend backend, MemoryMode mode, MemoryState initialState, boolean ownsTree) {
    this.backend = backend;
    this.pool = backend.pool();
    this.mode = mode;
    this.initialState = initialState;
    this.ownsTree = ownsTree;
    this.initial = initialState.image();
    this.config = initial.config();
    this.records = new CompactRecords(pool, backend.stages());
    this.replay = new Replay(pool, mode, initial, Lanes.single());
  }

  @Override
  public void appendSegment(LogSegment segment) {
    checkOpen();
    segments.add(segment);
  }

  @Override
  public void replayAccess(MemoryLogEntry entry) {
    checkOpen();
    if (manual == null) {
      manual = new ManualReplay(new AccessLog(config, pool));
    }
    if (forgotten) {
      try {
        replayAll(manual.segments(), Lanes.single());
      } catch (RuntimeException | Error e) {
        reset();
        throw e;
      }
    }
    manual.append(entry, records);
    try {
      manual.replayLast(replay, records);
    } catch (RuntimeException | Error e) {
      // The entry may be half done.
      manual.retractLast();
      reset();
      throw e;
    }
  }

  @Override
  public void finalizeMemory(@Nullable Poseidon2Periphery hasher) {
    checkOpen();
    try {
      TouchedBlocks blocks = replayAndFinish();
      try (Stages.Span _ = open(Stage.ADAPTERS)) {
        replay.mergeAdapters(backend.workers());
      }
      if (mode == MemoryMode.PERSISTENT) {
        persistent = PersistentTraces.build(backend, initialState, blocks);
        persistent.record(backend.stages(), Objects.requireNonNull(hasher, "hasher"));
      }
      touched = blocks;
    } catch (RuntimeException | Error e) {
      reset();
      throw e;
    }
  }

  private Stages.Span open(Stage stage) {
    return backend.stages().open(stage);
  }

  private TouchedBlocks replayAndFinish() {
    try (Stages.Span span = open(Stage.REPLAY)) {
      List<LogSegment> log = manual == null ? segments : manual.segments();
      if (manual == null || forgotten) {
        replayAll(log, Lanes.plan(log, lanes()));
      }
      span.addBytes(log.stream().mapToLong(LogSegment::byteSize).sum());
      return replay.finish(backend.workers());
    }
  }

  /** How many lanes keep all threads busy, with two passes each. */
  private int lanes() {
    return Math.min(Math.ceilDiv(backend.workers().threads(), 2), MAX_LANES);
  }

  private void replayAll(List<LogSegment> log, Lanes lanes) {
    if (lanes.count() > 1) {
      replay.release();
      replay = new Replay(pool, mode, initial, lanes);
    }
    for (LogSegment segment : log) {
      records.add(segment);
    }
    replay.replay(backend.workers(), log, records.words());
    forgotten = false;
  }

  /** Forgets all results, so that the log can be replayed once more. */
  private void reset() {
    if (persistent != null) {
      persistent.release();
      persistent = null;
    }
    forgotten = true;
    records.release();
    replay.release();
    records = new CompactRecords(pool, backend.stages());
    replay = new Replay(pool, mode, initial, Lanes.single());
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this session is closed");
    }
  }

  private TouchedBlocks finished() {
    checkOpen();
    if (touched == null) {
      throw new IllegalStateException("memory is not finalised");
    }
    return touched;
  }

  private PersistentTraces finishedTree() {
    if (persistent == null) {
      throw new IllegalStateException(
          "there is no memory tree: memory is " + mode.label() + " or not finalised");
    }
    return persistent;
  }

  @Override
  public long[] currentTraceHeights() {
    checkOpen();
    boolean isPersistent = mode == MemoryMode.PERSISTENT;
    int first = isPersistent ? 2 : 1;
    long[] heights = new long[first + config.adapterCount()];
    if (touched != null) {
      heights[0] = isPersistent ? 2 * touched.count() : touched.count();
    } else if (isPersistent) {
      heights[0] = 2 * replay.touchedBlocks().count();
    }
    if (persistent != null) {
      heights[1] = persistent.merkleRows();
    } else if (isPersistent) {
      heights[1] = unfinishedMerkleRows();
    }
    for (int i = 0; i < config.adapterCount(); i++) {
      heights[first + i] = adapterRows(i);
    }
    return heights;
  }

  /** Rows that the touched nodes have so far: those of the root, if nothing is touched yet. */
  private long unfinishedMerkleRows() {
    TouchedBlocks blocks = replay.touchedBlocks();
    if (blocks.count() == 0) {
      return 2;
    }
    long[] leaves = new long[Math.toIntExact(blocks.count())];
    for (int page = 0; page < blocks.pages(); page++) {
      blocks.forEachInPage(
          page,
          (ordinal, space, pointer, timestamp, memory, offset) ->
              leaves[(int) ordinal] =
                  config.dimensions().leafIndex(space, pointer / MemoryConfig.CHUNK));
    }
    int height = config.dimensions().overallHeight();
    return 2 * new TouchedNodeCounts(leaves.length, i -> leaves[i], height).above(0);
  }

  private long adapterRows(int i) {
    return handedOver == null ? replay.adapter(i).rows() : handedOver[i];
  }

  @Override
  public int[] initialRoot() {
    return finishedTree().roots().initial().clone();
  }

  @Override
  public int[] finalRoot() {
    return finishedTree().roots().after().clone();
  }

  @Override
  public MemoryImage finalMemory() {
    finished();
    return replay.image();
  }

  @Override
  public MemoryState finalState(BufferPool statePool) {
    TouchedBlocks blocks = finished();
    PersistentTraces tree = finishedTree();
    // All that can fail comes first: then the tree moves and changes.
    AddressMap image = AddressMap.after(initial, config, statePool);
    try {
      writeChanges(blocks, image);
      return new MemoryState(statePool, image, tree.takeTreeAfter(initialState));
    } catch (RuntimeException | Error e) {
      image.release();
      throw e;
    }
  }

  private static void writeChanges(TouchedBlocks blocks, AddressMap image) {
    int[] before = new int[MemoryConfig.CHUNK];
    int[] after = new int[MemoryConfig.CHUNK];
    for (int page = 0; page < blocks.pages(); page++) {
      blocks.forEachInPage(
          page,
          (ordinal, space, pointer, timestamp, memory, offset) -> {
            MemorySegment.copy(memory, IntBuffer64.WORD, offset, after, 0, MemoryConfig.CHUNK);
            image.read(space, pointer, MemoryConfig.CHUNK, before, 0);
            if (!Arrays.equals(before, after)) {
              image.writeCells(space, pointer, MemoryConfig.CHUNK, after, 0);
            }
          });
    }
  }

  @Override
  public MemoryRecord record(long id) {
    finished();
    return records.record(id);
  }

  @Override
  public WordStream records() {
    finished();
    return records.view(backend.workers());
  }

  @Override
  public List<AirProofInput> generateAirProofInputs(
      long[] heights, VariableRangeChecker rangeChecker) {
    TouchedBlocks blocks = finished();
    if (handedOver != null) {
      throw new IllegalStateException("the traces of this session were handed out already");
    }
    // All that can fail comes first; then the counts, all or none; then nothing can fail.
    int first = heights.length - config.adapterCount();
    reserveAdapters(heights, first);
    Collection<RangeTally> tallies = new ConcurrentLinkedQueue<>();
    List<AirProofInput> inputs = new ArrayList<>();
    try {
      if (mode == MemoryMode.PERSISTENT) {
        finishedTree().reserve(heights[0], heights[1]);
      } else {
        inputs.add(volatileBoundary(blocks, heights[0], rangeChecker, tallies));
      }
      countRanges(rangeChecker, tallies);
    } catch (RuntimeException | Error e) {
      AirProofInput.closeAll(inputs);
      throw e;
    }
    if (mode == MemoryMode.PERSISTENT) {
      inputs.addAll(finishedTree().take());
    }
    handedOver = new long[config.adapterCount()];
    try (Stages.Span span = open(Stage.ADAPTERS)) {
      for (int i = 0; i < handedOver.length; i++) {
        AdapterRows adapter = replay.adapter(i);
        handedOver[i] = adapter.rows();
        Air air = new AccessAdapterAir(adapter.blockSize());
        long height = heights[first + i];
        TraceMatrix trace = Traces.matrix(pool, adapter.takeTrace(height), height, air.width());
        inputs.add(
            new AirProofInput(air, trace, new int[0], handedOver[i], replay.logOrderRows(i)));
        span.addBytes(trace.byteSize());
      }
    }
    return inputs;
  }

  /** Brings the adapter traces to their heights. */
  private void reserveAdapters(long[] heights, int first) {
    try (Stages.Span _ = open(Stage.ADAPTERS)) {
      for (int i = first; i < heights.length; i++) {
        replay.adapter(i - first).reserve(heights[i]);
      }
    }
  }

  /** Counts the range checks of the adapters and adds them to others, all or none. */
  private void countRanges(VariableRangeChecker rangeChecker, Collection<RangeTally> tallies) {
    try (Stages.Span span = open(Stage.RANGE_COUNTS)) {
      for (int i = 0; i < config.adapterCount(); i++) {
        AdapterRangeChecks.count(
            backend.workers(), config, replay.adapter(i), rangeChecker, tallies);
      }
      rangeChecker.addAll(tallies);
      span.addBytes(4L * RangeCheckerAir.height(rangeChecker.rangeMaxBits()));
    }
  }

  private AirProofInput volatileBoundary(
      TouchedBlocks blocks,
      long height,
      VariableRangeChecker rangeChecker,
      Collection<RangeTally> tallies) {
    MemorySegment buffer = Traces.acquire(pool, height, VolatileBoundaryAir.WIDTH);
    AirProofInput input =
        new AirProofInput(
            new VolatileBoundaryAir(),
            Traces.matrix(pool, buffer, height, VolatileBoundaryAir.WIDTH),
            new int[0],
            blocks.count(),
            height);
    try (Stages.Span span = open(Stage.BOUNDARY)) {
      VolatileBoundaryTrace.fill(
          backend.workers(), config, blocks, height, rangeChecker, tallies, buffer);
      span.addBytes(4 * height * VolatileBoundaryAir.WIDTH);
      return input;
    } catch (RuntimeException | Error e) {
      input.close();
      throw e;
    }
  }

  @Override
  public WordStream generateAuxColumns(VariableRangeChecker rangeChecker) {
    finished();
    List<MemorySegment> buffers = new ArrayList<>();
    List<MemorySegment> parts = new ArrayList<>();
    try (Stages.Span span = open(Stage.AUX)) {
      for (int i = 0; i < records.segments(); i++) {
        long bytes = 4L * MemoryReadOrImmediateAuxCols.WIDTH * records.segment(i).accesses();
        buffers.add(pool.acquire(bytes));
        parts.add(buffers.getLast().asSlice(0, bytes));
        span.addBytes(bytes);
      }
      forEachRecordedSegment(
          rangeChecker,
          (i, tally) ->
              AuxColumnsTrace.fill(
                  config, records.segment(i), records.previousTimestamps(i), tally, parts.get(i)));
    } catch (RuntimeException | Error e) {
      buffers.forEach(pool::release);
      throw e;
    }
    return new ChunkedWords(parts, () -> buffers.forEach(pool::release));
  }

  @Override
  public void countAuxColumns(VariableRangeChecker rangeChecker) {
    finished();
    try (Stages.Span _ = open(Stage.AUX)) {
      forEachRecordedSegment(
          rangeChecker,
          (i, tally) ->
              AuxColumnsTrace.count(
                  config, records.segment(i), records.previousTimestamps(i), tally));
    }
  }

  /** Receives the number of a log segment and the tally of its thread. */
  @FunctionalInterface
  private interface SegmentVisitor {
    void visit(int segment, RangeTally tally);
  }

  /** Visits all segments on all threads, then adds the tallies. */
  private void forEachRecordedSegment(VariableRangeChecker rangeChecker, SegmentVisitor visitor) {
    Collection<RangeTally> tallies = new ConcurrentLinkedQueue<>();
    Workers workers = backend.workers();
    workers.forRange(
        records.segments(),
        workers.share(records.segments()),
        (from, to) -> {
          RangeTally tally = new RangeTally(rangeChecker, records.accesses());
          for (int i = (int) from; i < to; i++) {
            visitor.visit(i, tally);
          }
          tallies.add(tally);
        });
    rangeChecker.addAll(tallies);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    touched = null;
    if (persistent != null) {
      persistent.release();
      persistent = null;
    }
    records.release();
    replay.release();
    if (manual != null) {
      manual.release();
    }
    segments.clear();
    if (ownsTree) {
      StateTree tree = initialState.takeTree();
      if (tree != null) {
        tree.close();
      }
    }
  }
}
