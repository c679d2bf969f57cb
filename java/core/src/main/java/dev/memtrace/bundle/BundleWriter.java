// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.backend.WordStream;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.BundleManifest.Poseidon2Traces;
import dev.memtrace.bundle.BundleManifest.Stored;
import dev.memtrace.bundle.BundleManifest.WithoutRegisters;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes an output bundle. The folder appears at {@link #commit} and not before; until then
 * everything lies in {@code .NAME.partial} beside it, under an operating-system lock, and {@link
 * #close} without a commit removes it all. Each product is written once, in any order; products
 * that are not written are absent.
 *
 * <p>Not thread-safe, but {@link #close} may be called from another thread to cancel: the thread
 * that writes then gets a {@link BundleException}.
 */
public final class BundleWriter implements AutoCloseable {
  private static final int CELLS_PER_PIECE = 1 << 15;

  private final OutputFolder folder;

  /** Name of the folder in {@link #folder} that the bundle fills, or empty if it fills all. */
  private final String inside;

  private final BufferPool pool;
  private final BundleManifest input;
  private final Stored log;
  private final @Nullable Stored initialMemory;
  private final List<AirTrace> airs = new ArrayList<>();
  private long poseidon2Inputs = -1;
  private int poseidon2Width;
  private long poseidon2Height;
  private @Nullable WithoutRegisters poseidon2Trace0;
  private long bytesWritten;

  private BundleWriter(BundleManifest input, OutputFolder folder, String inside, BufferPool pool) {
    this.folder = folder;
    this.inside = inside;
    this.pool = pool;
    this.input = input;
    Stored log = input.log();
    Stored initial = input.initialMemory();
    boolean keepNames =
        !BundleFormat.isProduct(log.file())
            && (initial == null
                || (!BundleFormat.isProduct(initial.file()) && !initial.file().equals(log.file())));
    this.log = keepNames ? log : new Stored(BundleFormat.LOG, log.count());
    this.initialMemory =
        keepNames || initial == null ? initial : new Stored(BundleFormat.INITIAL, initial.count());
  }

  /**
   * Begins an output bundle with the log and the initial memory of another bundle: hard-linked
   * where possible, else copied.
   *
   * @param source the input bundle
   * @param target the folder to make; must be absent or empty unless {@code force}
   * @param force whether a bundle in its place is replaced; anything else is never deleted
   * @param pool where buffers come from
   * @return a writer, closed by the caller
   * @throws BundleException if the target is in use, cannot be written or would have to be replaced
   */
  public static BundleWriter open(Bundle source, Path target, boolean force, BufferPool pool) {
    BundleWriter writer = begin(source.manifest(), target, force, pool);
    boolean complete = false;
    try {
      writer.addInput(source);
      complete = true;
      return writer;
    } finally {
      if (!complete) {
        writer.close();
      }
    }
  }

  /** Begins an output bundle without any file; {@link #addInput} must follow. */
  static BundleWriter begin(BundleManifest input, Path target, boolean force, BufferPool pool) {
    return new BundleWriter(input, OutputFolder.open(target, force), "", pool);
  }

  /** Begins one of several bundles in a folder, which the caller commits and closes. */
  static BundleWriter inside(
      OutputFolder folder, String name, BundleManifest input, BufferPool pool) {
    folder.makeFolder(name);
    return new BundleWriter(input, folder, name, pool);
  }

  /** Ends the work for this bundle if it was cancelled or its thread is interrupted. */
  void checkWanted() {
    folder.checkWanted();
  }

  /** Name of a file in the folder that is committed. */
  private String name(String file) {
    return inside.isEmpty() ? file : inside + BundleFolder.SLASH + file;
  }

  void addInput(Bundle source) {
    folder.add(source.log(), name(log.file()));
    addInitialMemory(source);
  }

  /** Adds the initial memory of another bundle, if it has one. */
  void addInitialMemory(Bundle source) {
    BundleFile initial = source.initialMemory();
    if (initial != null && initialMemory != null) {
      folder.add(initial, name(initialMemory.file()));
    }
  }

  /**
   * Returns the folder that will appear.
   *
   * @return an absolute path
   */
  public Path target() {
    return inside.isEmpty() ? folder.target() : folder.target().resolve(inside);
  }

  /**
   * Returns how many bytes of products were written so far.
   *
   * @return bytes
   */
  public long bytesWritten() {
    return bytesWritten;
  }

  /**
   * Writes the trace of the next AIR in AIR order.
   *
   * @param air the trace
   */
  public void writeAir(AirProofInput air) {
    String file = BundleFormat.air(airs.size());
    writeMatrix(file, air.trace());
    airs.add(
        new AirTrace(
            air.air().name(),
            air.trace().width(),
            air.trace().height(),
            air.usedRows(),
            air.logOrderRows(),
            file,
            Arrays.stream(air.publicValues()).boxed().toList()));
  }

  /**
   * Writes the records of all accesses.
   *
   * @param records the records in log order
   */
  public void writeRecords(WordStream records) {
    writeStream(BundleFormat.RECORDS, records);
  }

  /**
   * Writes the auxiliary columns of all accesses.
   *
   * @param columns five words an access in log order
   */
  public void writeAux(WordStream columns) {
    writeStream(BundleFormat.AUX, columns);
  }

  /**
   * Writes the range checker's multiplicities after the memory AIRs alone.
   *
   * @param counts one per table row
   */
  public void writeRangeCounts(int[] counts) {
    write(BundleFormat.RANGE_COUNTS, MemorySegment.ofArray(counts));
  }

  /**
   * Writes the range checker's multiplicities after the auxiliary columns of every access.
   *
   * @param counts one per table row
   */
  public void writeRangeCountsWithAux(int[] counts) {
    write(BundleFormat.RANGE_COUNTS_WITH_AUX, MemorySegment.ofArray(counts));
  }

  /**
   * Writes the memory after the last access.
   *
   * @param image the memory
   */
  public void writeFinalMemory(MemoryImage image) {
    bytesWritten += writeCells(BundleFormat.FINAL, image);
  }

  /** Writes the initial memory of a segment that comes from no bundle. */
  void writeInitialMemory(MemoryImage image) {
    if (initialMemory != null) {
      writeCells(initialMemory.file(), image);
    }
  }

  /** Writes the log of a segment that comes from no bundle. */
  void writeLog(AccessLog entries) {
    try (OutputFile file = folder.create(name(log.file()))) {
      LogWriter.write(entries, file);
      file.finish();
    }
  }

  /** Writes the nonzero cells of a memory and returns how many bytes they are. */
  private long writeCells(String name, MemoryImage image) {
    try (Arena arena = Arena.ofConfined();
        OutputFile file = folder.create(name(name))) {
      long pieceBytes = 4L * BundleFormat.CELL_WORDS * CELLS_PER_PIECE;
      MemorySegment piece = arena.allocate(pieceBytes);
      long[] used = new long[1];
      image.forEachNonZero(
          (addressSpace, pointer, value) -> {
            long at = used[0];
            piece.set(IntBuffer64.WORD, at, addressSpace);
            piece.set(IntBuffer64.WORD, at + 4, pointer);
            piece.set(IntBuffer64.WORD, at + 8, value);
            used[0] = at + 4L * BundleFormat.CELL_WORDS;
            if (used[0] == pieceBytes) {
              file.write(piece);
              used[0] = 0;
            }
          });
      file.write(piece.asSlice(0, used[0]));
      file.finish();
      return file.bytes();
    }
  }

  /**
   * Writes the distinct inputs of Poseidon2 and their multiplicities.
   *
   * @param hasher the inputs
   */
  public void writePoseidon2Inputs(Poseidon2Periphery hasher) {
    write(BundleFormat.POSEIDON2_INPUTS, hasher.inputs());
    poseidon2Inputs = hasher.size();
  }

  /**
   * Writes a trace of the Poseidon2 periphery. The manifest names the traces if the one with a
   * register and the inputs were written.
   *
   * @param registers S-box registers, 0 or 1
   * @param trace the trace
   */
  public void writePoseidon2Trace(int registers, TraceMatrix trace) {
    if (registers == 0) {
      writeMatrix(BundleFormat.POSEIDON2_AIR_R0, trace);
      poseidon2Trace0 = new WithoutRegisters(trace.width(), BundleFormat.POSEIDON2_AIR_R0);
    } else {
      writeMatrix(BundleFormat.POSEIDON2_AIR, trace);
      poseidon2Width = trace.width();
      poseidon2Height = trace.height();
    }
  }

  private @Nullable Poseidon2Traces poseidon2() {
    return poseidon2Width == 0 || poseidon2Inputs < 0
        ? null
        : new Poseidon2Traces(
            poseidon2Inputs,
            poseidon2Width,
            poseidon2Height,
            BundleFormat.POSEIDON2_AIR,
            poseidon2Trace0);
  }

  private void writeMatrix(String name, TraceMatrix matrix) {
    if (matrix.location() == TraceMatrix.Location.HOST
        && matrix.order() == TraceOrder.ROW_MAJOR
        && matrix.encoding() == FieldEncoding.CANONICAL) {
      write(name, matrix.segment());
      return;
    }
    MemorySegment buffer = pool.acquire(matrix.byteSize());
    try {
      MemorySegment rows = buffer.asSlice(0, matrix.byteSize());
      matrix.copyTo(rows, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
      write(name, rows);
    } finally {
      pool.release(buffer);
    }
  }

  private void write(String name, MemorySegment words) {
    try (OutputFile file = folder.create(name(name))) {
      file.write(words);
      finish(file);
    }
  }

  private void writeStream(String name, WordStream words) {
    try (OutputFile file = folder.create(name(name))) {
      words.forEachChunk(file::write);
      finish(file);
    }
  }

  private void finish(OutputFile file) {
    file.finish();
    bytesWritten += file.bytes();
  }

  /**
   * Writes the manifest and puts the folder in its place.
   *
   * @param endTimestamp clock after the last entry of the log
   * @return the manifest
   */
  public BundleManifest commit(long endTimestamp) {
    BundleManifest manifest = prepare(endTimestamp);
    publish();
    return manifest;
  }

  /** Writes the manifest; {@link #publish} must follow. */
  BundleManifest prepare(long endTimestamp) {
    BundleManifest manifest =
        new BundleManifest(
            input.name(),
            input.mode(),
            input.config(),
            log,
            initialMemory,
            endTimestamp,
            airs,
            poseidon2());
    write(BundleFormat.MANIFEST, MemorySegment.ofArray(ManifestWriter.toBytes(manifest)));
    return manifest;
  }

  /** Writes the manifest of a bundle without traces, and puts the folder in its place. */
  BundleManifest commitInput() {
    BundleManifest manifest =
        new BundleManifest(
            input.name(), input.mode(), input.config(), log, initialMemory, null, null, null);
    write(BundleFormat.MANIFEST, MemorySegment.ofArray(ManifestWriter.toBytes(manifest)));
    publish();
    return manifest;
  }

  /** Puts the folder in its place, unless it is one of several that are put there together. */
  void publish() {
    if (inside.isEmpty()) {
      folder.commit();
    } else {
      folder.syncFolder(inside);
    }
  }

  /** Removes everything that was not committed. Closing twice has no effect. */
  @Override
  public void close() {
    if (inside.isEmpty()) {
      folder.close();
    }
  }
}
