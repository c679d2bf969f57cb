// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.PersistentTraces;
import dev.memtrace.cpu.RecordStore;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.log.MemoryRecord;
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
  private final MemoryMode mode;
  private final MemoryConfig config;
  private final AddressMap initial;
  private final List<LogSegment> segments = new ArrayList<>();
  private final DeviceLog log;
  private @Nullable DeviceImage image;

  /** Set by {@link #finalizeMemory} unless the log is empty. */
  private @Nullable DeviceReplay replay;

  /** Set by {@link #finalizeMemory} in persistent mode. */
  private @Nullable PersistentTraces tree;

  private @Nullable AddressMap finalMemory;
  private @Nullable RecordStore recordsOnHost;
  private boolean finalised;
  private boolean handedOut;
  private boolean closed;

  CudaSession(CudaBackend backend, MemoryMode mode, AddressMap initial) {
    this.backend = backend;
    this.pool = backend.pool();
    this.mode = mode;
    this.config = initial.config();
    this.initial = initial;
    this.stream = backend.device().openStream();
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
    uploadImage();
    log.append(segment);
    segments.add(segment);
  }

  private void uploadImage() {
    if (image == null) {
      image = new DeviceImage(stream, initial, pool);
    }
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
      uploadImage();
      if (log.entries() > 0) {
        replay = new DeviceReplay(stream, backend.tuning(), mode, config, log, pool);
      }
      if (mode == MemoryMode.PERSISTENT) {
        PersistentTraces hashed = hashTree();
        tree = hashed;
        hashed.record(Objects.requireNonNull(hasher, "hasher"));
      }
      finalised = true;
    } catch (RuntimeException | Error e) {
      Closing.after(e, this::forget);
      throw e;
    }
  }

  /** Forgets all results, so that the log can be replayed once more. */
  private void forget() {
    if (tree != null) {
      tree.release();
      tree = null;
    }
    DeviceReplay forgotten = replay;
    replay = null;
    if (forgotten != null) {
      forgotten.close();
    }
  }

  private PersistentTraces hashTree() {
    int chunks = Math.toIntExact(summary().heads());
    return PersistentTraces.hash(backend.host(), initial, boundaryRows(), chunks);
  }

  private Summary summary() {
    return replay == null ? new Summary() : replay.summary();
  }

  private DeviceTraces traces() {
    return new DeviceTraces(
        stream, config, replay, Objects.requireNonNull(image, "image").arguments());
  }

  /**
   * Copies the boundary without its hashes to the host.
   *
   * @return a buffer of the pool, row-major and canonical, of a power of two of rows
   */
  private MemorySegment boundaryRows() {
    boolean persistent = mode == MemoryMode.PERSISTENT;
    long used = persistent ? 2 * summary().heads() : summary().boundaryCells();
    long height = TraceHeight.nextPowerOfTwo(used);
    int width = persistent ? PersistentBoundaryAir.WIDTH : VolatileBoundaryAir.WIDTH;
    MemorySegment rows = pool.acquire(4 * height * width);
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer trace =
          persistent
              ? traces().persistentBoundary(temporary, height)
              : traces().volatileBoundary(temporary, height);
      checkFault();
      long[] at = {0};
      backend
          .transfer()
          .convert(
              trace,
              height,
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

  private PersistentTraces finishedTree() {
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
    int[] chunk = new int[MemoryConfig.CHUNK];
    for (long i = 0; i < summary().heads(); i++) {
      long row = 4 * (2 * i + 1) * PersistentBoundaryAir.WIDTH;
      MemorySegment.copy(
          rows,
          IntBuffer64.WORD,
          row + 4 * PersistentBoundaryAir.VALUES,
          chunk,
          0,
          MemoryConfig.CHUNK);
      map.writeCells(
          rows.get(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.SPACE),
          MemoryConfig.CHUNK * rows.get(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.LABEL),
          MemoryConfig.CHUNK,
          chunk,
          0);
    }
    return map;
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
  public MemoryRecord record(long id) {
    checkFinished();
    if (recordsOnHost == null) {
      RecordStore store = new RecordStore(pool);
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
      DeviceBuffer records = deviceRecords().records(temporary, segment);
      checkFault();
      backend.transfer().read(records, 0, 4 * segment.recordWords(), visitor);
    }
  }

  private DeviceRecords deviceRecords() {
    return new DeviceRecords(
        stream,
        config,
        Objects.requireNonNull(replay, "replay"),
        Objects.requireNonNull(image, "image").arguments());
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
          uploadTree(products, heights[0], heights[1], inputs);
        } else {
          DeviceBuffer boundary = traces.volatileBoundary(products, heights[0]);
          traces.countVolatileBoundary(boundary, heights[0], counts);
          inputs.add(
              input(
                  new VolatileBoundaryAir(),
                  boundary,
                  heights[0],
                  new int[0],
                  summary().boundaryCells(),
                  heights[0]));
        }
        DeviceBuffer[] adapters = traces.adapters(products, adapterHeights);
        traces.countAdapters(adapters, adapterHeights, counts);
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
        addCounts(counts, rangeChecker);
      }
      products.releaseAll();
      if (tree != null) {
        tree.release();
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

  /** Copies boundary and tree, which were made on the host, to the device. */
  private void uploadTree(
      DeviceScope products, long boundaryHeight, long treeHeight, List<AirProofInput> inputs) {
    finishedTree().reserve(boundaryHeight, treeHeight);
    CudaKernel convert = backend.device().kernel("convert");
    for (PersistentTraces.Part part : finishedTree().parts()) {
      Air air = part.air();
      long bytes = 4 * part.height() * air.width();
      DeviceBuffer trace = products.allocate(bytes, air.name());
      try (DeviceScope temporary = new DeviceScope(stream)) {
        DeviceBuffer rows = temporary.allocate(bytes, "rows of " + air.name());
        stream.copyToDevice(part.rows().asSlice(0, bytes), rows, 0);
        stream.launch(
            convert,
            Arguments.items(part.height() * air.width())
                .add(0)
                .add(rows)
                .add(trace)
                .add(part.height())
                .add(air.width())
                .add(0)
                .add(1)
                .add(0)
                .add(1)
                .words());
      }
      inputs.add(
          input(
              air,
              trace,
              part.height(),
              part.publicValues(),
              part.usedRows(),
              part.logOrderRows()));
    }
  }

  /** Waits for the device, and adds what it has counted. */
  private void addCounts(DeviceRangeCounts counts, VariableRangeChecker rangeChecker) {
    MemorySegment table = counts.read();
    checkFault();
    counts.addTo(rangeChecker, table);
    pool.release(table);
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
          words = deviceRecords().auxColumns(products, log.entries(), accesses);
          deviceRecords().countAux(log.entries(), counts);
          addCounts(counts, rangeChecker);
        }
      }
      return new DeviceWords(
          backend.transfer(),
          products.release(words),
          MemoryReadOrImmediateAuxCols.WIDTH * accesses);
    }
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
    // Waits for copies from memory that others use next.
    steps.add(stream::close);
    if (image != null) {
      steps.add(image::close);
    }
    steps.add(segments::clear);
    Closing.all(steps);
  }
}
