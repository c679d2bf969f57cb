// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.RangeCheckerAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.instrument.Stage;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.merkle.StateTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.periphery.MemoryReadOrImmediateAuxCols;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One segment of execution on a CUDA device. All its work is enqueued on one stream. */
final class CudaSession implements TraceSession {
  private final CudaBackend backend;
  private final BufferPool pool;
  private final CudaStream stream;
  private final DevicePasses passes;
  private final MemoryMode mode;
  private final MemoryConfig config;
  private final MemoryState initialState;

  /** Whether the tree of the initial state is this session's own. */
  private final boolean ownsTree;

  private final AddressMap initial;
  private final List<LogSegment> segments = new ArrayList<>();
  private final DeviceLog log;

  /** Memory before the segment, unless the initial state has it on this device. */
  private @Nullable DeviceImage uploaded;

  /** Set by {@link #finalizeMemory} unless the log is empty. */
  private @Nullable DeviceReplay replay;

  /** Set by {@link #finalizeMemory} in persistent mode. */
  private @Nullable DevicePersistentTraces tree;

  private @Nullable AddressMap finalMemory;
  private @Nullable HostRecords recordsOnHost;
  private boolean finalised;
  private boolean handedOut;
  private boolean closed;

  CudaSession(CudaBackend backend, MemoryMode mode, MemoryState initialState, boolean ownsTree) {
    this.backend = backend;
    this.pool = backend.pool();
    this.mode = mode;
    this.initialState = initialState;
    this.ownsTree = ownsTree;
    this.initial = initialState.image();
    this.config = initial.config();
    this.stream = backend.device().openStream();
    this.passes = new DevicePasses(stream, backend.stages());
    this.log = new DeviceLog(stream);
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this session is closed");
    }
  }

  private void checkFinished() {
    checkOpen();
    if (!finalised) {
      throw new IllegalStateException("memory is not finalised");
    }
  }

  @Override
  public void appendSegment(LogSegment segment) {
    checkOpen();
    image();
    try (DevicePasses.Pass pass = passes.open(Stage.UPLOAD)) {
      log.append(segment);
      pass.addBytes(segment.byteSize());
    }
    segments.add(segment);
  }

  /** Memory before the segment: what the initial state has on this device, or an upload. */
  private Arguments.Image image() {
    ResidentMemory known = knownMemory();
    return known != null ? known.image() : upload().arguments();
  }

  private DeviceImage upload() {
    if (uploaded == null) {
      try (DevicePasses.Pass pass = passes.open(Stage.UPLOAD)) {
        uploaded = new DeviceImage(stream, initial, pool);
        pass.addBytes(uploaded.uploadedBytes());
      }
    }
    return uploaded;
  }

  private @Nullable ResidentMemory knownMemory() {
    return initialState.tree() instanceof ResidentMemory memory && memory.isOn(backend.device())
        ? memory
        : null;
  }

  /** Memory before the segment with its tree, which the initial state keeps. */
  private ResidentMemory residentMemory() {
    ResidentMemory known = knownMemory();
    if (known != null) {
      return known;
    }
    DeviceImage cells = upload();
    ResidentTree host = treeOnHost();
    ResidentMemory made = host == null ? hashed(cells) : uploaded(host, cells);
    uploaded = null;
    initialState.replaceTree(made);
    return made;
  }

  private ResidentMemory hashed(DeviceImage cells) {
    return ResidentMemory.hash(stream, backend.transfer(), pool, config.dimensions(), cells);
  }

  private ResidentMemory uploaded(ResidentTree host, DeviceImage cells) {
    ResidentMemory made = null;
    try (DevicePasses.Pass pass = passes.open(Stage.UPLOAD)) {
      pass.addBytes(ResidentMemory.uploadBytes(host));
      made = ResidentMemory.upload(stream, backend.transfer(), pool, host, cells);
    } catch (RuntimeException | Error e) {
      if (made != null) {
        uploaded = null; // closed with the tree, of which they are a part by now
        Closing.after(e, made::close);
      }
      throw e;
    }
    return made;
  }

  /** The tree that another backend has left in the initial state. */
  private @Nullable ResidentTree treeOnHost() {
    StateTree known = initialState.tree();
    if (known == null) {
      return null;
    }
    if (known instanceof ResidentTree host) {
      return host;
    }
    ResidentTree host = known.onHost();
    initialState.replaceTree(host);
    return host;
  }

  @Override
  public void replayAccess(MemoryLogEntry entry) {
    throw new UnsupportedOperationException(
        "the cuda backend replays whole logs; replay single entries with the CPU backend");
  }

  @Override
  public void finalizeMemory(@Nullable Poseidon2Periphery hasher) {
    checkOpen();
    try {
      try (DevicePasses.Pass pass = passes.open(Stage.REPLAY)) {
        if (log.entries() > 0) {
          replay = new DeviceReplay(stream, backend.tuning(), mode, config, log, pool);
        }
        pass.addBytes(segments.stream().mapToLong(LogSegment::byteSize).sum());
      }
      if (mode == MemoryMode.PERSISTENT) {
        recordInputs(hashTree(), Objects.requireNonNull(hasher, "hasher"));
      }
      finalised = true;
    } catch (RuntimeException | Error e) {
      Closing.after(e, this::forget);
      throw e;
    }
  }

  private DevicePersistentTraces hashTree() {
    try (DevicePasses.Pass pass = passes.open(Stage.MERKLE)) {
      ResidentMemory memory = residentMemory();
      DevicePersistentTraces hashed =
          new DevicePersistentTraces(stream, passes, pool, config, replay, traces(), memory);
      tree = hashed;
      pass.addBytes(4 * hashed.merkle().height() * MerkleAir.WIDTH);
      return hashed;
    }
  }

  /** Forgets all results, so that the log can be replayed once more. */
  private void forget() {
    List<Runnable> steps = new ArrayList<>();
    if (tree != null) {
      steps.add(tree::close);
    }
    if (replay != null) {
      steps.add(replay::close);
    }
    tree = null;
    replay = null;
    Closing.all(steps);
  }

  /**
   * Records every hash that a row claims: chunks in ascending order, then the tree from the top.
   * The inputs stay on the device until somebody wants them elsewhere.
   *
   * @param hasher receives the inputs, all of them or none
   */
  private void recordInputs(DevicePersistentTraces hashed, Poseidon2Periphery hasher) {
    DistinctInputs.Requests requests =
        new DistinctInputs.Requests(
            hashed.boundary(), hashed.boundaryRows(), hashed.merkle(), hashed.merkleRows());
    DeviceInputs inputs = distinctInputs(requests);
    try {
      hasher.record(inputs);
    } catch (RuntimeException | Error e) {
      Closing.after(e, inputs::close);
      throw e;
    }
  }

  private DeviceInputs distinctInputs(DistinctInputs.Requests requests) {
    DeviceInputs found = null;
    try (DevicePasses.Pass pass = passes.open(Stage.POSEIDON2)) {
      found = DistinctInputs.of(backend, stream, requests);
      pass.addBytes(DevicePoseidon2.STATE_BYTES * requests.count());
    } catch (RuntimeException | Error e) {
      if (found != null) {
        Closing.after(e, found::close);
      }
      throw e;
    }
    return found;
  }

  private Summary summary() {
    return replay == null ? new Summary() : replay.summary();
  }

  private DeviceTraces traces() {
    return new DeviceTraces(stream, config, replay, image());
  }

  /**
   * Copies the boundary without its hashes to the host.
   *
   * @return a buffer of the pool, row-major and canonical, of a power of two of rows
   */
  private MemorySegment boundaryRows() {
    try (DeviceScope temporary = new DeviceScope(stream)) {
      boolean persistent = mode == MemoryMode.PERSISTENT;
      Arguments.TraceColumns trace =
          persistent ? persistentBoundary(temporary) : volatileBoundary(temporary);
      checkFault();
      return download(trace, persistent ? PersistentBoundaryAir.WIDTH : VolatileBoundaryAir.WIDTH);
    }
  }

  private Arguments.TraceColumns persistentBoundary(DeviceScope owner) {
    long height = TraceHeight.nextPowerOfTwo(2 * summary().heads());
    return new Arguments.TraceColumns(traces().persistentBoundary(owner, height), height);
  }

  private Arguments.TraceColumns volatileBoundary(DeviceScope owner) {
    long height = TraceHeight.nextPowerOfTwo(summary().boundaryCells());
    return new Arguments.TraceColumns(traces().volatileBoundary(owner, height), height);
  }

  /**
   * Copies a trace whose content is complete to the host.
   *
   * @return a buffer of the pool, row-major and canonical
   */
  private MemorySegment download(Arguments.TraceColumns trace, int width) {
    MemorySegment rows = pool.acquire(4 * trace.height() * width);
    try {
      long[] at = {0};
      backend
          .transfer()
          .convert(
              Objects.requireNonNull(trace.cells(), "cells"),
              trace.height(),
              width,
              TraceOrder.ROW_MAJOR,
              FieldEncoding.CANONICAL,
              part -> {
                MemorySegment.copy(part, 0, rows, at[0], part.byteSize());
                at[0] += part.byteSize();
              });
      return rows;
    } catch (RuntimeException | Error e) {
      pool.release(rows);
      throw e;
    }
  }

  /** Waits for the stream and refuses results if a kernel reported a fault. */
  private void checkFault() {
    MemorySegment words = pool.acquire(Summary.BYTES);
    try {
      if (replay == null) {
        stream.synchronize();
        return;
      }
      stream.copyToHost(replay.summaryBuffer(), 0, words.asSlice(0, Summary.BYTES));
      stream.synchronize();
      new Summary(words).checked();
    } finally {
      pool.release(words);
    }
  }

  private DevicePersistentTraces finishedTree() {
    if (tree == null) {
      throw new IllegalStateException(
          "there is no memory tree: memory is " + mode.label() + " or not finalised");
    }
    return tree;
  }

  @Override
  public long[] currentTraceHeights() {
    checkOpen();
    boolean persistent = mode == MemoryMode.PERSISTENT;
    int first = persistent ? 2 : 1;
    long[] heights = new long[first + config.adapterCount()];
    Summary counted = summary();
    heights[0] = persistent ? 2 * counted.heads() : counted.boundaryCells();
    if (persistent) {
      // Until the tree is there, it has the rows of its root.
      heights[1] = tree == null ? 2 : tree.merkleRows();
    }
    for (int i = 0; i < config.adapterCount(); i++) {
      heights[first + i] = counted.logRows(i) + counted.finalRows(i);
    }
    return heights;
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
    checkFinished();
    if (finalMemory == null) {
      MemorySegment rows = boundaryRows();
      try {
        finalMemory = mode == MemoryMode.PERSISTENT ? finalChunks(rows) : finalCells(rows);
      } finally {
        pool.release(rows);
      }
    }
    return finalMemory;
  }

  private AddressMap finalChunks(MemorySegment rows) {
    AddressMap map = AddressMap.over(initial, pool);
    try {
      writeChanges(rows, map);
      return map;
    } catch (RuntimeException | Error e) {
      map.release();
      throw e;
    }
  }

  /** Writes the chunks that the segment changed. */
  private void writeChanges(MemorySegment rows, AddressMap map) {
    long rowBytes = 4L * PersistentBoundaryAir.WIDTH;
    long chunkBytes = 4L * MemoryConfig.CHUNK;
    int[] chunk = new int[MemoryConfig.CHUNK];
    for (long i = 0; i < summary().heads(); i++) {
      long row = (2 * i + 1) * rowBytes;
      long values = row + 4 * PersistentBoundaryAir.VALUES;
      MemorySegment after = rows.asSlice(values, chunkBytes);
      if (after.mismatch(rows.asSlice(values - rowBytes, chunkBytes)) != -1) {
        MemorySegment.copy(after, IntBuffer64.WORD, 0, chunk, 0, MemoryConfig.CHUNK);
        map.writeCells(
            rows.get(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.SPACE),
            MemoryConfig.CHUNK * rows.get(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.LABEL),
            MemoryConfig.CHUNK,
            chunk,
            0);
      }
    }
  }

  private AddressMap finalCells(MemorySegment rows) {
    AddressMap map = AddressMap.over(initial, pool);
    int[] cell = new int[1];
    for (long i = 0; i < summary().boundaryCells(); i++) {
      long row = 4 * i * VolatileBoundaryAir.WIDTH;
      int low = rows.get(IntBuffer64.WORD, row + 4 * VolatileBoundaryAir.POINTER);
      int high = rows.get(IntBuffer64.WORD, row + 4 * (VolatileBoundaryAir.POINTER + 1));
      cell[0] = rows.get(IntBuffer64.WORD, row + 4 * VolatileBoundaryAir.FINAL_DATA);
      map.writeCells(
          rows.get(IntBuffer64.WORD, row + 4 * VolatileBoundaryAir.SPACE),
          low | high << config.rangeMaxBits(),
          1,
          cell,
          0);
    }
    return map;
  }

  @Override
  public MemoryState finalState(BufferPool statePool) {
    checkFinished();
    finishedTree().checkState();
    ResidentMemory memory = residentMemory();
    AddressMap image = AddressMap.after(initial, config, statePool);
    try {
      advance(memory, image);
      finishedTree().stateTaken();
      return new MemoryState(statePool, image, memory);
    } catch (RuntimeException | Error e) {
      image.release();
      if (initialState.tree() == null) {
        // It is no longer memory before the segment, which is hashed again if it is needed.
        Closing.after(e, memory::close);
      }
      throw e;
    }
  }

  /** Brings memory on the device and an image of the host to after the segment. */
  private void advance(ResidentMemory memory, AddressMap image) {
    try (DeviceScope temporary = new DeviceScope(stream)) {
      Arguments.TraceColumns boundary = persistentBoundary(temporary);
      DeviceBuffer leaves =
          replay == null
              ? temporary.allocate(0, "touched leaves")
              : replay.touchedLeaves(temporary);
      try (ResidentMemory.Step step =
          memory.prepare(stream, finishedTree().touched(leaves, boundary))) {
        checkFault();
        MemorySegment rows = download(boundary, PersistentBoundaryAir.WIDTH);
        try {
          writeChanges(rows, image);
        } finally {
          pool.release(rows);
        }
        // All that can fail for lack of memory is done: now memory moves and changes.
        initialState.takeTree();
        step.commit();
      }
    }
  }

  @Override
  public MemoryRecord record(long id) {
    checkFinished();
    if (recordsOnHost == null) {
      HostRecords store = new HostRecords(pool);
      try {
        for (LogSegment segment : segments) {
          MemorySegment target = store.add(segment, segment.recordWords());
          long[] at = {0};
          readRecords(
              segment,
              part -> {
                MemorySegment.copy(part, 0, target, at[0], part.byteSize());
                at[0] += part.byteSize();
              });
        }
      } catch (RuntimeException | Error e) {
        store.release();
        throw e;
      }
      recordsOnHost = store;
    }
    return recordsOnHost.record(id);
  }

  private void readRecords(LogSegment segment, Consumer<MemorySegment> visitor) {
    if (segment.recordWords() == 0) {
      return;
    }
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer records;
      try (DevicePasses.Pass pass = passes.open(Stage.RECORDS)) {
        records = deviceRecords().records(temporary, segment);
        checkFault();
        pass.addBytes(4 * segment.recordWords());
      }
      backend.transfer().read(records, 0, 4 * segment.recordWords(), visitor);
    }
  }

  private DeviceRecords deviceRecords() {
    return new DeviceRecords(stream, config, Objects.requireNonNull(replay, "replay"), image());
  }

  @Override
  public WordStream records() {
    checkFinished();
    return new WordStream() {
      @Override
      public long words() {
        checkFinished();
        return segments.stream().mapToLong(LogSegment::recordWords).sum();
      }

      @Override
      public void forEachChunk(Consumer<MemorySegment> visitor) {
        checkFinished();
        for (LogSegment segment : segments) {
          readRecords(segment, visitor);
        }
      }

      @Override
      public void close() {
        // Each part is freed once it was visited.
      }
    };
  }

  @Override
  public List<AirProofInput> generateAirProofInputs(
      long[] heights, VariableRangeChecker rangeChecker) {
    checkFinished();
    if (handedOut) {
      throw new IllegalStateException("the traces of this session were handed out already");
    }
    int first = heights.length - config.adapterCount();
    long[] adapterHeights = new long[config.adapterCount()];
    System.arraycopy(heights, first, adapterHeights, 0, adapterHeights.length);
    DeviceTraces traces = traces();
    // All that can fail comes first; then the counts, all or none; then nothing can fail.
    try (DeviceScope products = new DeviceScope(stream)) {
      List<AirProofInput> inputs = new ArrayList<>();
      try (DeviceRangeCounts counts = new DeviceRangeCounts(stream, pool, config)) {
        if (mode == MemoryMode.PERSISTENT) {
          finishedTree().reserve(heights[0], heights[1]);
        } else {
          DeviceBuffer boundary;
          try (DevicePasses.Pass pass = passes.open(Stage.BOUNDARY)) {
            boundary = traces.volatileBoundary(products, heights[0]);
            traces.countVolatileBoundary(boundary, heights[0], counts);
            pass.addBytes(boundary.bytes());
          }
          inputs.add(
              input(
                  new VolatileBoundaryAir(),
                  boundary,
                  heights[0],
                  new int[0],
                  summary().boundaryCells(),
                  heights[0]));
        }
        DeviceBuffer[] adapters;
        try (DevicePasses.Pass pass = passes.open(Stage.ADAPTERS)) {
          adapters = traces.adapters(products, adapterHeights);
          for (DeviceBuffer adapter : adapters) {
            pass.addBytes(adapter.bytes());
          }
        }
        for (int i = 0; i < adapters.length; i++) {
          long fromLog = summary().logRows(i);
          inputs.add(
              input(
                  new AccessAdapterAir(2 << i),
                  adapters[i],
                  adapterHeights[i],
                  new int[0],
                  fromLog + summary().finalRows(i),
                  fromLog));
        }
        MemorySegment table;
        try (DevicePasses.Pass pass = passes.open(Stage.RANGE_COUNTS)) {
          traces.countAdapters(adapters, adapterHeights, counts);
          table = readCounts(counts);
          pass.addBytes(4L * RangeCheckerAir.height(config.rangeMaxBits()));
        }
        addCounts(counts, table, rangeChecker);
      }
      products.releaseAll();
      if (mode == MemoryMode.PERSISTENT) {
        inputs.addAll(0, takeTree(heights[0], heights[1]));
      }
      handedOut = true;
      return inputs;
    }
  }

  private AirProofInput input(
      Air air, DeviceBuffer trace, long height, int[] publicValues, long used, long logOrder) {
    TraceMatrix matrix = new DeviceTraceMatrix(backend.transfer(), trace, height, air.width());
    return new AirProofInput(air, matrix, publicValues, used, logOrder);
  }

  /** Hands boundary and tree over, which have these heights already. */
  private List<AirProofInput> takeTree(long boundaryHeight, long merkleHeight) {
    DevicePersistentTraces hashed = finishedTree();
    return List.of(
        input(
            new PersistentBoundaryAir(),
            hashed.takeBoundary(),
            boundaryHeight,
            new int[0],
            hashed.boundaryRows(),
            0),
        input(
            new MerkleAir(),
            hashed.takeMerkle(),
            merkleHeight,
            hashed.publicValues(),
            hashed.merkleRows(),
            merkleHeight));
  }

  /** Waits for the device, and returns what it has counted in a buffer of the pool. */
  private MemorySegment readCounts(DeviceRangeCounts counts) {
    MemorySegment table = counts.read();
    try {
      checkFault();
    } catch (RuntimeException | Error e) {
      pool.release(table);
      throw e;
    }
    return table;
  }

  private void addCounts(
      DeviceRangeCounts counts, MemorySegment table, VariableRangeChecker rangeChecker) {
    try {
      counts.addTo(rangeChecker, table);
    } finally {
      pool.release(table);
    }
  }

  @Override
  public WordStream generateAuxColumns(VariableRangeChecker rangeChecker) {
    checkFinished();
    long accesses = segments.stream().mapToLong(LogSegment::accesses).sum();
    try (DeviceScope products = new DeviceScope(stream)) {
      DeviceBuffer words;
      if (accesses == 0) {
        words = products.allocate(0, "auxiliary columns");
      } else {
        try (DeviceRangeCounts counts = new DeviceRangeCounts(stream, pool, config)) {
          MemorySegment table;
          try (DevicePasses.Pass pass = passes.open(Stage.AUX)) {
            words = deviceRecords().auxColumns(products, log.entries(), accesses);
            table = readAuxCounts(counts);
            pass.addBytes(words.bytes());
          }
          addCounts(counts, table, rangeChecker);
        }
      }
      return new DeviceWords(
          backend.transfer(),
          products.release(words),
          MemoryReadOrImmediateAuxCols.WIDTH * accesses);
    }
  }

  @Override
  public void countAuxColumns(VariableRangeChecker rangeChecker) {
    checkFinished();
    if (segments.stream().allMatch(segment -> segment.accesses() == 0)) {
      return;
    }
    try (DeviceRangeCounts counts = new DeviceRangeCounts(stream, pool, config)) {
      MemorySegment table;
      try (DevicePasses.Pass _ = passes.open(Stage.AUX)) {
        table = readAuxCounts(counts);
      }
      addCounts(counts, table, rangeChecker);
    }
  }

  private MemorySegment readAuxCounts(DeviceRangeCounts counts) {
    deviceRecords().countAux(log.entries(), counts);
    return readCounts(counts);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    List<Runnable> steps = new ArrayList<>(List.of(this::forget, log::close));
    if (recordsOnHost != null) {
      steps.add(recordsOnHost::release);
    }
    if (finalMemory != null) {
      steps.add(finalMemory::release);
    }
    steps.add(passes::close);
    // Waits for copies from memory that others use next.
    steps.add(stream::close);
    if (uploaded != null) {
      steps.add(uploaded::close);
    }
    if (ownsTree) {
      steps.add(this::closeTree);
    }
    steps.add(segments::clear);
    Closing.all(steps);
  }

  private void closeTree() {
    StateTree owned = initialState.takeTree();
    if (owned != null) {
      owned.close();
    }
  }
}
