// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.MemoryTraceHeights;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.backend.WordStream;
import dev.memtrace.check.TraceChecker;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.durable.LogFileException;
import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.image.OnlineMemory;
import dev.memtrace.image.PageVisitor;
import dev.memtrace.instrument.FlightEvents;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.AccessRejectedException;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.OutOfNativeMemoryException;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryAuxColsFactory;
import dev.memtrace.periphery.MemoryBridge;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MemoryReadOrImmediateAuxCols;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.TraceLimitException;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Serves the memory accesses of one segment of execution, logs them, and afterwards turns the log
 * into the traces of the memory AIRs.
 *
 * <p>A controller goes through the states {@link State#ACTIVE} (accesses), {@link State#FINALIZED}
 * (after {@link #finalizeMemory}) and {@link State#CONSUMED} (after {@link
 * #generateAirProofInputs}); an operation in the wrong state throws {@link IllegalStateException}
 * and changes nothing. An access that would be illegal throws {@link AccessRejectedException} and
 * changes nothing.
 *
 * <p>Cells are canonical BabyBear elements in {@code int}s. A record id is the position of an entry
 * in the log; clock increments take ids as well. Accesses allocate nothing. A controller is used by
 * one thread at a time. {@link #close()} returns its native memory for the next segment; traces
 * already handed out stay valid.
 */
public final class MemoryController implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(MemoryController.class.getName());

  private final MemoryMode mode;
  private final MemoryConfig config;
  private final MemoryBridge bridge;
  private final @Nullable MerkleBus merkleBus;
  private final @Nullable CompressionBus compressionBus;
  private final VariableRangeChecker rangeChecker;
  private final TraceBackend backend;
  private final List<Air> airs;

  private State state = State.ACTIVE;

  /** Memory before the first access, whose cells no longer change. */
  private MemoryState initial;

  /** Memory after the last access, over {@link #initial}. */
  private OnlineMemory memory;

  private AccessLog log;

  /** The clock minus that of the log: not 0 once logs were taken or set. */
  private long clockBase;

  private TraceSession session;
  private boolean replayedByHand;

  /** Whether the session lacks a segment of the log. */
  private boolean handOverFailed;

  /** Where the log is written as well while it grows. */
  private @Nullable LogFileWriter logFile;

  private boolean stateHandedOver;

  private @Nullable MemoryTraceHeights overrides;

  private final int[] cell = new int[1];

  private MemoryController(
      MemoryMode mode,
      MemoryConfig config,
      MemoryBus memoryBus,
      VariableRangeChecker rangeChecker,
      @Nullable MerkleBus merkleBus,
      @Nullable CompressionBus compressionBus,
      TraceBackend backend) {
    this.mode = mode;
    this.config = config.validate(mode);
    if (rangeChecker.rangeMaxBits() != config.rangeMaxBits()) {
      throw new IllegalArgumentException(
          "rangeMaxBits is "
              + config.rangeMaxBits()
              + " in the configuration and "
              + rangeChecker.rangeMaxBits()
              + " in the range checker; they must be equal");
    }
    this.rangeChecker = rangeChecker;
    this.merkleBus = merkleBus;
    this.compressionBus = compressionBus;
    this.backend = backend;
    this.bridge = new MemoryBridge(memoryBus, config.clkMaxBits(), rangeChecker.bus());
    this.airs = airs(mode, config);
    this.initial = new MemoryState(backend.pool(), new AddressMap(config, backend.pool()), null);
    this.memory = new OnlineMemory(initial.image(), backend.pool());
    this.log = new AccessLog(config, backend.pool());
    try {
      this.session = backend.open(mode, initial);
    } catch (RuntimeException | Error e) {
      log.release();
      throw e;
    }
    this.log.claim();
    this.log.setSegmentSink(this::handOver);
  }

  private static List<Air> airs(MemoryMode mode, MemoryConfig config) {
    List<Air> airs = new ArrayList<>();
    if (mode == MemoryMode.PERSISTENT) {
      airs.add(new PersistentBoundaryAir());
      airs.add(new MerkleAir());
    } else {
      airs.add(new VolatileBoundaryAir());
    }
    for (int n = 2; n <= config.maxAccessAdapterN(); n *= 2) {
      airs.add(new AccessAdapterAir(n));
    }
    return Collections.unmodifiableList(airs);
  }

  /**
   * Creates a memory of zeros that does not outlive the segment, on the backend that is best here.
   *
   * @param memoryBus bus of the block states
   * @param config parameters of the memory
   * @param rangeChecker shared with other chips; only added to
   * @return a new controller
   * @throws IllegalArgumentException naming the first parameter outside its limits
   */
  public static MemoryController withVolatileMemory(
      MemoryBus memoryBus, MemoryConfig config, VariableRangeChecker rangeChecker) {
    return withVolatileMemory(memoryBus, config, rangeChecker, TraceBackends.shared());
  }

  /**
   * Creates a memory of zeros that does not outlive the segment.
   *
   * @param memoryBus bus of the block states
   * @param config parameters of the memory
   * @param rangeChecker shared with other chips; only added to
   * @param backend makes the traces; outlives the controller
   * @return a new controller
   * @throws IllegalArgumentException naming the first parameter outside its limits
   */
  public static MemoryController withVolatileMemory(
      MemoryBus memoryBus,
      MemoryConfig config,
      VariableRangeChecker rangeChecker,
      TraceBackend backend) {
    return new MemoryController(
        MemoryMode.VOLATILE, config, memoryBus, rangeChecker, null, null, backend);
  }

  /**
   * Creates a memory with Merkle roots before and after the segment, on the backend that is best
   * here.
   *
   * @param memoryBus bus of the block states
   * @param config parameters of the memory
   * @param rangeChecker shared with other chips; only added to
   * @param merkleBus bus between the levels of the memory tree
   * @param compressionBus bus of the Poseidon2 compressions
   * @return a new controller, whose memory is zero until {@link #setInitialMemory}
   * @throws IllegalArgumentException naming the first parameter outside its limits
   */
  public static MemoryController withPersistentMemory(
      MemoryBus memoryBus,
      MemoryConfig config,
      VariableRangeChecker rangeChecker,
      MerkleBus merkleBus,
      CompressionBus compressionBus) {
    return withPersistentMemory(
        memoryBus, config, rangeChecker, merkleBus, compressionBus, TraceBackends.shared());
  }

  /**
   * Creates a memory with Merkle roots before and after the segment.
   *
   * @param memoryBus bus of the block states
   * @param config parameters of the memory
   * @param rangeChecker shared with other chips; only added to
   * @param merkleBus bus between the levels of the memory tree
   * @param compressionBus bus of the Poseidon2 compressions
   * @param backend makes the traces; outlives the controller
   * @return a new controller, whose memory is zero until {@link #setInitialMemory}
   * @throws IllegalArgumentException naming the first parameter outside its limits
   */
  public static MemoryController withPersistentMemory(
      MemoryBus memoryBus,
      MemoryConfig config,
      VariableRangeChecker rangeChecker,
      MerkleBus merkleBus,
      CompressionBus compressionBus,
      TraceBackend backend) {
    return new MemoryController(
        MemoryMode.PERSISTENT, config, memoryBus, rangeChecker, merkleBus, compressionBus, backend);
  }

  // ------------------------------------------------------------------ states

  private void require(State wanted, String operation) {
    if (state != wanted) {
      throw wrongState(operation, wanted.name());
    }
  }

  private void requireFinished(String operation) {
    if (state != State.FINALIZED && state != State.CONSUMED) {
      throw wrongState(operation, "FINALIZED or CONSUMED");
    }
  }

  private void requireOpen(String operation) {
    if (state == State.CLOSED) {
      throw wrongState(operation, "ACTIVE, FINALIZED or CONSUMED");
    }
  }

  private IllegalStateException wrongState(String operation, String wanted) {
    return new IllegalStateException(
        operation
            + " needs a memory controller in state "
            + wanted
            + "; this one is in state "
            + state);
  }

  /**
   * Returns the state.
   *
   * @return the state
   */
  public State state() {
    return state;
  }

  // ------------------------------------------------------------------ image

  /**
   * Sets the memory before the first access. The image is copied. The last call before the first
   * log entry counts.
   *
   * @param image cells of the same address spaces; in volatile mode all zero
   * @throws IllegalStateException once there is a log entry, or not in state ACTIVE
   * @throws IllegalArgumentException if the image has other address spaces, or a cell that is not
   *     zero in volatile mode
   */
  public void setInitialMemory(MemoryImage image) {
    requireNoAccess();
    requireSameSpaces(image.config());
    if (mode == MemoryMode.VOLATILE) {
      requireZero(image);
      return;
    }
    MemoryState copy = MemoryState.copyOf(image, config, backend.pool());
    Runnable closeBefore;
    try {
      closeBefore = begin(copy);
    } catch (RuntimeException | Error e) {
      copy.close();
      throw e;
    }
    closeBefore.run();
  }

  /**
   * Moves the state that another segment has left into this controller. Nothing is copied or hashed
   * again: the work of this segment grows with the chunks that it touches. The last call before the
   * first log entry counts.
   *
   * @param state cells of the same address spaces and their tree; used up if this succeeds
   * @throws IllegalStateException if the state was used or closed, once there is a log entry, or
   *     not in state ACTIVE
   * @throws IllegalArgumentException if the state has other address spaces, or in volatile mode
   */
  public void setInitialMemory(MemoryState state) {
    requireNoAccess();
    requireSameSpaces(state.image().config());
    if (mode == MemoryMode.VOLATILE) {
      throw new IllegalArgumentException(
          "volatile memory starts at zero and takes no state; use persistent memory");
    }
    MemoryState moved = state.move(config, "setInitialMemory");
    Runnable closeBefore;
    try {
      closeBefore = begin(moved);
    } catch (RuntimeException | Error e) {
      state.putBack(moved);
      throw e;
    }
    closeBefore.run();
  }

  private void requireNoAccess() {
    require(State.ACTIVE, "setInitialMemory");
    if (log.size() != 0 || timestamp() != MemoryConfig.INITIAL_TIMESTAMP + 1 || replayedByHand) {
      throw new IllegalStateException(
          "setInitialMemory after the first access: the log has "
              + log.size()
              + " entries and the timestamp is "
              + timestamp()
              + "; set the initial memory first (state ACTIVE)");
    }
  }

  private void requireSameSpaces(MemoryConfig other) {
    if (other.asOffset() != config.asOffset()
        || other.asHeight() != config.asHeight()
        || other.pointerMaxBits() != config.pointerMaxBits()) {
      throw new IllegalArgumentException(
          "the initial memory has asOffset %d, asHeight %d and pointerMaxBits %d; this controller has %d, %d and %d"
              .formatted(
                  other.asOffset(),
                  other.asHeight(),
                  other.pointerMaxBits(),
                  config.asOffset(),
                  config.asHeight(),
                  config.pointerMaxBits()));
    }
  }

  private static void requireZero(MemoryImage image) {
    image.forEachNonZero(
        (addressSpace, pointer, value) -> {
          throw new IllegalArgumentException(
              "volatile memory starts at zero, but the initial memory has "
                  + value
                  + " at ("
                  + addressSpace
                  + ", "
                  + pointer
                  + "); use persistent memory");
        });
  }

  /**
   * Begins with another memory; if that fails, nothing has changed.
   *
   * @return closes what was there before
   */
  private Runnable begin(MemoryState next) {
    TraceSession fresh = backend.open(mode, next);
    OnlineMemory begun;
    try {
      begun = new OnlineMemory(next.image(), backend.pool());
    } catch (RuntimeException | Error e) {
      try {
        fresh.close();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
    TraceSession sessionBefore = session;
    OnlineMemory memoryBefore = memory;
    MemoryState initialBefore = initial;
    session = fresh;
    initial = next;
    memory = begun;
    return () -> {
      try {
        sessionBefore.close();
      } finally {
        memoryBefore.release();
        initialBefore.close();
      }
    };
  }

  /**
   * Returns memory after all logged writes. After a persistent segment it is the initial memory of
   * the next one.
   *
   * @return a live read-only view, valid until {@link #close()}
   */
  public MemoryImage memoryImage() {
    requireOpen("memoryImage");
    return new LiveImage(this);
  }

  // ------------------------------------------------------------------ accesses

  /**
   * Reads one cell, or in address space 0 the pointer itself.
   *
   * @param addressSpace address space
   * @param pointer cell, or immediate value
   * @return the value; {@link #lastRecordId()} is the id of the access
   * @throws AccessRejectedException if there is no such cell or the clock is at its end
   */
  public int readCell(int addressSpace, int pointer) {
    require(State.ACTIVE, "readCell");
    log.appendRead(addressSpace, pointer, 1);
    int value;
    try {
      value = addressSpace == 0 ? pointer : memory.cell(addressSpace, pointer);
    } catch (OutOfNativeMemoryException e) {
      log.retractLast();
      throw e;
    }
    return value;
  }

  /**
   * Writes one cell.
   *
   * @param addressSpace address space, not 0
   * @param pointer cell
   * @param value canonical value
   * @return the value before; {@link #lastRecordId()} is the id of the access
   * @throws AccessRejectedException if there is no such cell, the value is not canonical or the
   *     clock is at its end
   */
  public int writeCell(int addressSpace, int pointer, int value) {
    require(State.ACTIVE, "writeCell");
    cell[0] = value;
    log.appendWrite(addressSpace, pointer, 1, cell, 0);
    int previous;
    try {
      previous = memory.exchangeCell(addressSpace, pointer, value);
    } catch (OutOfNativeMemoryException e) {
      log.retractLast();
      throw e;
    }
    return previous;
  }

  /**
   * Reads consecutive cells.
   *
   * @param addressSpace address space; 0 reads one immediate
   * @param pointer first cell, of any alignment
   * @param n number of cells: a power of two up to {@code maxAccessAdapterN}
   * @param out receives the values
   * @param offset index of the first one in {@code out}
   * @return the record id
   * @throws AccessRejectedException if the access is illegal or the clock is at its end
   * @throws IndexOutOfBoundsException if {@code out} has no room
   */
  public long read(int addressSpace, int pointer, int n, int[] out, int offset) {
    // A log takes entries only while the state is ACTIVE, and the cache holds only legal cells.
    OnlineMemory cells = memory;
    AccessLog accesses = log;
    if (n == 4
        && cells.holds4(addressSpace, pointer)
        && offset >= 0
        && offset <= out.length - 4
        && accesses.stageReadOf4(addressSpace, pointer)) {
      cells.read4(OnlineMemory.placeOf(addressSpace, pointer), out, offset);
      return accesses.size() - 1;
    }
    return readAny(addressSpace, pointer, n, out, offset);
  }

  private long readAny(int addressSpace, int pointer, int n, int[] out, int offset) {
    require(State.ACTIVE, "read");
    checkBuffer("read", addressSpace, pointer, n, out, offset);
    long id = log.appendRead(addressSpace, pointer, n);
    if (addressSpace == 0) {
      out[offset] = pointer;
    } else {
      try {
        memory.read(addressSpace, pointer, n, out, offset);
      } catch (OutOfNativeMemoryException e) {
        log.retractLast();
        throw e;
      }
    }
    return id;
  }

  /**
   * Writes consecutive cells.
   *
   * @param addressSpace address space, not 0
   * @param pointer first cell, of any alignment
   * @param n number of cells: a power of two up to {@code maxAccessAdapterN}
   * @param in the canonical values
   * @param offset index of the first one in {@code in}
   * @param prevOut receives the values before; may be {@code in}
   * @param prevOffset index of the first one in {@code prevOut}
   * @return the record id
   * @throws AccessRejectedException if the access is illegal, a value is not canonical or the clock
   *     is at its end
   * @throws IndexOutOfBoundsException if an array has no room
   */
  public long write(
      int addressSpace, int pointer, int n, int[] in, int offset, int[] prevOut, int prevOffset) {
    OnlineMemory cells = memory;
    AccessLog accesses = log;
    if (n == 4
        && cells.holds4(addressSpace, pointer)
        && offset >= 0
        && offset <= in.length - 4
        && prevOffset >= 0
        && prevOffset <= prevOut.length - 4) {
      int value0 = in[offset];
      int value1 = in[offset + 1];
      int value2 = in[offset + 2];
      int value3 = in[offset + 3];
      if (accesses.stageWriteOf4(addressSpace, pointer, value0, value1, value2, value3)) {
        int at = OnlineMemory.placeOf(addressSpace, pointer);
        cells.read4(at, prevOut, prevOffset);
        cells.write4(at, value0, value1, value2, value3);
        return accesses.size() - 1;
      }
    }
    return writeAny(addressSpace, pointer, n, in, offset, prevOut, prevOffset);
  }

  private long writeAny(
      int addressSpace, int pointer, int n, int[] in, int offset, int[] prevOut, int prevOffset) {
    require(State.ACTIVE, "write");
    checkBuffer("write", addressSpace, pointer, n, prevOut, prevOffset);
    long id = log.appendWrite(addressSpace, pointer, n, in, offset);
    try {
      memory.exchange(addressSpace, pointer, n, in, offset, prevOut, prevOffset);
    } catch (OutOfNativeMemoryException e) {
      log.retractLast();
      throw e;
    }
    return id;
  }

  /** Checks that a buffer has room; an access that is illegal by itself is refused as such. */
  private void checkBuffer(
      String operation, int addressSpace, int pointer, int n, int[] buffer, int offset) {
    if ((offset | n | (buffer.length - n - offset)) < 0) {
      log.check(operation, addressSpace, pointer, n);
      Objects.checkFromIndexSize(offset, n, buffer.length);
    }
  }

  /**
   * Returns the record id of the last access or increment in the current log.
   *
   * @return the id, or -1 if the log is empty
   */
  public long lastRecordId() {
    return log.size() - 1;
  }

  /**
   * Reads a cell without a log entry; nothing will prove the value.
   *
   * @param addressSpace address space, not 0
   * @param pointer cell
   * @return its value
   * @throws IllegalArgumentException if there is no such cell
   */
  public int unsafeReadCell(int addressSpace, int pointer) {
    requireOpen("unsafeReadCell");
    initial.image().checkCell(addressSpace, pointer);
    return memory.cell(addressSpace, pointer);
  }

  /**
   * Reads consecutive cells without a log entry; nothing will prove the values.
   *
   * @param addressSpace address space, not 0
   * @param pointer first cell
   * @param n number of cells, not negative
   * @param out receives the values
   * @param offset index of the first one in {@code out}
   * @throws IllegalArgumentException if a cell does not exist
   * @throws IndexOutOfBoundsException if {@code out} has no room
   */
  public void unsafeRead(int addressSpace, int pointer, int n, int[] out, int offset) {
    requireOpen("unsafeRead");
    Objects.checkFromIndexSize(offset, n, out.length);
    if (n > 0) {
      initial.image().checkCell(addressSpace, pointer);
      initial.image().checkCell(addressSpace, pointer + n - 1);
      memory.read(addressSpace, pointer, n, out, offset);
    }
  }

  // ------------------------------------------------------------------ clock

  /**
   * Advances the clock by one without an access.
   *
   * @throws AccessRejectedException if the clock is at its end
   */
  public void incrementTimestamp() {
    incrementTimestampBy(1);
  }

  /**
   * Advances the clock without an access. Takes a record id, also for 0.
   *
   * @param amount how far, not negative
   * @throws AccessRejectedException if the clock would reach its end or the amount is negative
   */
  public void incrementTimestampBy(long amount) {
    if (!log.stageIncrement(amount)) {
      require(State.ACTIVE, "incrementTimestampBy");
      log.appendIncrement(amount);
    }
  }

  /**
   * Returns the clock.
   *
   * @return the timestamp that the next access will get
   */
  public long timestamp() {
    return clockBase + log.endTimestamp();
  }

  // ------------------------------------------------------------------ log

  /**
   * Returns the log. It is empty once memory is finalised.
   *
   * @return a live read-only view
   */
  public MemoryLog memoryLogs() {
    if (state == State.CONSUMED || state == State.CLOSED) {
      throw wrongState("memoryLogs", "ACTIVE or FINALIZED");
    }
    return new LiveLog(this);
  }

  /**
   * Removes the log and returns it. Memory and clock stay.
   *
   * @return the log, owned by the caller
   */
  public AccessLog takeMemoryLogs() {
    require(State.ACTIVE, "takeMemoryLogs");
    AccessLog taken = log;
    AccessLog empty = new AccessLog(config, backend.pool());
    try {
      replaceLog(empty);
    } catch (RuntimeException | Error e) {
      empty.release();
      throw e;
    }
    taken.disclaim();
    return taken;
  }

  /**
   * Writes the log to a file as well, from its first entry on, while it grows: a full segment at
   * once, the rest by {@link #syncLog} and {@link #finalizeMemory}. If that fails, the access that
   * filled the segment throws {@link LogFileException} and has not happened; the next one is served
   * as ever. A log that is taken or set ends this; the writer of a taken log is the caller's to
   * {@link LogFileWriter#finish}.
   *
   * @param file a writer for this mode and configuration, closed by the caller after the
   *     controller's last use of it; or null to write no more
   * @throws IllegalArgumentException if the writer is for another mode or configuration
   * @throws LogFileException if the entries there are cannot be written
   */
  public void writeLogTo(@Nullable LogFileWriter file) {
    require(State.ACTIVE, "writeLogTo");
    if (file != null) {
      if (file.header().mode() != mode) {
        throw new IllegalArgumentException(
            file.file()
                + ": its header says "
                + file.header().mode().label()
                + " memory, this controller has "
                + mode.label()
                + " memory");
      }
      file.append(log);
    }
    logFile = file;
  }

  /**
   * Writes the entries there are to the file of {@link #writeLogTo}, and returns when they are on
   * the disk.
   *
   * @throws IllegalStateException if there is no such file, or not in state ACTIVE
   * @throws LogFileException if they cannot be written
   */
  public void syncLog() {
    require(State.ACTIVE, "syncLog");
    if (logFile == null) {
      throw new IllegalStateException(
          "syncLog without a file; say with writeLogTo where the log is written");
    }
    logFile.sync(log);
  }

  /**
   * Replaces the log, so that one recorded elsewhere can be replayed. Memory and clock stay.
   *
   * @param newLog a log of the same configuration, owned by the controller from now on
   * @throws IllegalArgumentException if the configuration differs
   */
  public void setMemoryLogs(AccessLog newLog) {
    require(State.ACTIVE, "setMemoryLogs");
    if (!newLog.config().sameMemory(config)) {
      throw new IllegalArgumentException(
          "the log was recorded for " + newLog.config() + ", this controller has " + config);
    }
    AccessLog old = log;
    replaceLog(newLog);
    old.release();
  }

  /** Puts another log in place; the backend starts over. If that fails, nothing has changed. */
  private void replaceLog(AccessLog newLog) {
    newLog.claim();
    try {
      restartSession();
    } catch (RuntimeException | Error e) {
      newLog.disclaim();
      throw e;
    }
    long clock = timestamp();
    log.setSegmentSink(null);
    logFile = null;
    log = newLog;
    clockBase = clock - log.endTimestamp();
    log.limitTimestamp(config.timestampLimit() - Math.max(0, clockBase));
    handOverFrom(log);
  }

  /** Opens a new session in place of the current one, unless entries were replayed by hand. */
  private void restartSession() {
    if (!replayedByHand) {
      TraceSession fresh = backend.open(mode, initial);
      TraceSession before = session;
      session = fresh;
      handOverFailed = true; // should that one fail to close, the log is handed over again
      before.close();
      handOverFailed = false;
    }
  }

  private void handOverFrom(AccessLog source) {
    if (!replayedByHand) {
      source.setSegmentSink(this::handOver);
    }
  }

  /**
   * Hands a full segment over. An access never fails because of that: the finalisation repeats it.
   * Only a file that cannot be written is an error at once.
   */
  private void handOver(LogSegment segment) {
    if (!handOverFailed) {
      try {
        append(segment);
      } catch (RuntimeException e) {
        handOverFailed = true;
        LOG.log(
            System.Logger.Level.DEBUG,
            "backend "
                + backend.name()
                + " could not take a log segment; the log is handed over again when memory is"
                + " finalised",
            e);
      }
    }
    if (logFile != null) {
      logFile.accept(segment);
    }
  }

  private void append(LogSegment segment) {
    session.appendSegment(segment);
    FlightEvents.logSegment(segment.firstEntry(), segment.entries(), segment.byteSize());
  }

  /**
   * Runs one entry through the replay at once: touched blocks, splits, merges, record. For callers
   * that replay a log themselves; take the log first, since {@link #finalizeMemory} refuses a log
   * beside entries replayed by hand. Always done by the CPU backend.
   *
   * @param entry the entry
   * @throws AccessRejectedException if the entry is illegal
   * @throws IllegalStateException if the log is not empty, or not in state ACTIVE
   */
  public void replayAccess(MemoryLogEntry entry) {
    require(State.ACTIVE, "replayAccess");
    if (log.size() != 0) {
      throw new IllegalStateException(
          "replayAccess while the log has "
              + log.size()
              + " entries; take the log first with takeMemoryLogs (state ACTIVE)");
    }
    if (!replayedByHand) {
      TraceSession byHand = cpu().open(mode, initial);
      try {
        byHand.replayAccess(entry);
      } catch (RuntimeException | Error e) {
        byHand.close();
        throw e;
      }
      session.close();
      session = byHand;
      replayedByHand = true;
      log.setSegmentSink(null);
      return;
    }
    session.replayAccess(entry);
  }

  private TraceBackend cpu() {
    return backend.name().equals(TraceBackends.CPU) ? backend : TraceBackends.sharedCpu();
  }

  // ------------------------------------------------------------------ finalisation

  /**
   * Replays the log, brings all touched memory to equal blocks, and computes boundary, memory tree
   * and roots. Does nothing if that was done before. If it fails, the controller is still active
   * and the call may be repeated.
   *
   * @param hasher records every Poseidon2 input that the memory AIRs claim; required in persistent
   *     mode, ignored in volatile mode
   * @throws IllegalArgumentException if there is no hasher in persistent mode
   * @throws IllegalStateException if entries were replayed by hand and the log is not empty
   * @throws LogFileException if the log cannot be written to its file to the end; name another file
   *     or none with {@link #writeLogTo} before the call is repeated
   */
  public void finalizeMemory(@Nullable Poseidon2Periphery hasher) {
    if (state == State.FINALIZED) {
      return;
    }
    require(State.ACTIVE, "finalizeMemory");
    if (mode == MemoryMode.PERSISTENT && hasher == null) {
      throw new IllegalArgumentException(
          "finalizeMemory of persistent memory needs a Poseidon2 hasher; pass the recorder that "
              + "the other chips share");
    }
    if (hasher != null) {
      hasher.requireOpen();
    }
    if (replayedByHand && log.size() != 0) {
      throw new IllegalStateException(
          "finalizeMemory after replayAccess: the log still has "
              + log.size()
              + " entries; take it first with takeMemoryLogs (state ACTIVE)");
    }
    if (logFile != null) {
      logFile.finish(log);
    }
    if (replayedByHand) {
      session.finalizeMemory(hasher);
    } else {
      replayLog(hasher);
    }
    log.seal();
    state = State.FINALIZED;
  }

  /** Hands over the segment that is not full and finalises; starts over if that fails. */
  private void replayLog(@Nullable Poseidon2Periphery hasher) {
    log.setSegmentSink(null);
    try {
      List<LogSegment> segments = log.segments();
      if (handOverFailed) {
        restartSession();
        segments.forEach(this::append);
      } else {
        append(segments.getLast());
      }
      session.finalizeMemory(hasher);
    } catch (RuntimeException | Error e) {
      startOver(e);
      throw e;
    }
  }

  /**
   * Opens a new session after a failed finalisation; if that fails too, the next one tries again.
   */
  private void startOver(Throwable failure) {
    try {
      restartSession();
      handOverFrom(log);
    } catch (RuntimeException | Error e) {
      session.close();
      handOverFailed = true;
      if (!e.equals(failure)) {
        failure.addSuppressed(e);
      }
    }
  }

  /**
   * Returns the records of the accesses.
   *
   * @return gives records by id, once memory is finalised
   */
  public OfflineMemory offlineMemory() {
    return id -> {
      requireFinished("record");
      return session.record(id);
    };
  }

  /**
   * Returns all records in log order: log index, timestamp, previous timestamp, length, data, and
   * for a write the previous data.
   *
   * @return 32-bit words, valid until {@link #close()}
   */
  public WordStream records() {
    requireFinished("records");
    WordStream records = session.records();
    FlightEvents.product("records", records.words(), 1);
    return records;
  }

  /**
   * Makes the auxiliary columns of every access in log order, five words each as {@code
   * MemoryReadOrImmediateAuxCols} has them, and adds their range checks. For callers that prove
   * every access with one chip; others use {@link #auxColsFactory()}, and nobody both.
   *
   * @return 32-bit words, owned by the caller
   */
  public WordStream generateAuxColumns() {
    requireFinished("generateAuxColumns");
    WordStream columns = session.generateAuxColumns(rangeChecker);
    int width = MemoryReadOrImmediateAuxCols.WIDTH;
    FlightEvents.product("aux", columns.words() / width, width);
    return columns;
  }

  /**
   * Adds the range checks of the auxiliary columns of every access, as {@link
   * #generateAuxColumns()} does, for callers who want only these.
   */
  public void countAuxColumns() {
    requireFinished("countAuxColumns");
    session.countAuxColumns(rangeChecker);
  }

  /**
   * Returns memory after the replayed log, which is {@link #memoryImage()} if the log was recorded
   * here.
   *
   * @return a view, valid until {@link #close()}
   */
  public MemoryImage finalMemory() {
    requireFinished("finalMemory");
    return session.finalMemory();
  }

  /**
   * Hands over memory after the replayed log, with its memory tree, for the next segment: {@code
   * next.setInitialMemory(memory.finalState())}. In persistent mode, once memory is finalised, and
   * once only. Everything that this controller returns stays as it is, and closing it does not
   * touch the state.
   *
   * @return the state, owned by the caller
   * @throws IllegalStateException if it was handed over already
   */
  public MemoryState finalState() {
    requireTree("finalState");
    if (stateHandedOver) {
      throw new IllegalStateException(
          "finalState was called before; the state after a segment is handed over once");
    }
    MemoryState state = session.finalState(backend.pool());
    stateHandedOver = true;
    return state;
  }

  /**
   * Returns the Merkle root of the initial memory.
   *
   * @return 8 canonical elements
   */
  public int[] initialRoot() {
    requireTree("initialRoot");
    return session.initialRoot();
  }

  /**
   * Returns the Merkle root of the final memory.
   *
   * @return 8 canonical elements
   */
  public int[] finalRoot() {
    requireTree("finalRoot");
    return session.finalRoot();
  }

  private void requireTree(String operation) {
    requireFinished(operation);
    if (mode == MemoryMode.VOLATILE) {
      throw new IllegalStateException(
          operation + ": volatile memory has no Merkle root; use persistent memory");
    }
  }

  /**
   * Makes the traces of all memory AIRs and adds their range checks.
   *
   * @return one input per AIR in the order of {@link #airs()}, owned by the caller
   * @throws IllegalArgumentException if an overridden height is below the used rows; nothing is
   *     counted then
   * @throws TraceLimitException if the segment is too long to be proved
   */
  public List<AirProofInput> generateAirProofInputs() {
    require(State.FINALIZED, "generateAirProofInputs");
    List<AirProofInput> inputs = session.generateAirProofInputs(finalTraceHeights(), rangeChecker);
    state = State.CONSUMED;
    for (AirProofInput input : inputs) {
      TraceMatrix trace = input.trace();
      FlightEvents.product(input.air().name(), trace.height(), trace.width());
    }
    return Collections.unmodifiableList(inputs);
  }

  /** Heights of the traces: used rows or overrides, rounded by the rule of each AIR. */
  private long[] finalTraceHeights() {
    long[] used = currentTraceHeights();
    long[] heights = new long[used.length];
    int firstAdapter = mode == MemoryMode.PERSISTENT ? 2 : 1;
    for (int i = 0; i < heights.length; i++) {
      if (used[i] > TraceHeight.MAX) {
        throw new TraceLimitException(
            airs.get(i).name()
                + " has "
                + used[i]
                + " rows; a trace has at most "
                + TraceHeight.MAX);
      }
      long wanted = overrides == null ? used[i] : overrides.toList().get(i);
      // Persistent boundary and tree compare rounded heights, the others the rows themselves.
      boolean rounded = mode == MemoryMode.PERSISTENT && i < firstAdapter;
      long need = rounded ? TraceHeight.nextPowerOfTwo(used[i]) : used[i];
      long have = rounded ? TraceHeight.nextPowerOfTwo(wanted) : wanted;
      if (have < need) {
        throw new IllegalArgumentException(
            "the overridden trace height of "
                + airs.get(i).name()
                + " is "
                + wanted
                + ", but it has "
                + used[i]
                + " rows; raise it or leave it out");
      }
      heights[i] = airs.get(i).height(wanted);
    }
    return heights;
  }

  /**
   * Returns what fills the auxiliary columns of other chips. Each call of it counts its range
   * checks, so call once per access that a chip proves.
   *
   * @return a thread-safe factory
   */
  public MemoryAuxColsFactory auxColsFactory() {
    requireOpen("auxColsFactory");
    return new MemoryAuxColsFactory(rangeChecker, config.clkMaxBits());
  }

  /**
   * Begins a check of what this controller and other chips made. The checker knows log, records,
   * memory before and after; give it the traces and counts. Its check must end before {@link
   * #close()}.
   *
   * @return a new checker
   * @throws IllegalStateException if memory is not finalised, or the log was replayed by hand and
   *     is not here
   */
  public TraceChecker checker() {
    requireFinished("checker");
    if (replayedByHand) {
      throw new IllegalStateException(
          "checker after replayAccess: the log is not here; give log and records to a TraceChecker");
    }
    return TraceChecker.of(mode, config)
        .pool(backend.pool())
        .log(log)
        .records(session.records())
        .initialMemory(initial.image())
        .finalMemory(session.finalMemory())
        .endTimestamp(log.endTimestamp());
  }

  // ------------------------------------------------------------------ description

  /**
   * Returns what other chips need to access this memory in their constraints.
   *
   * @return buses and clock width
   */
  public MemoryBridge memoryBridge() {
    return bridge;
  }

  /**
   * Returns the bus between the levels of the memory tree.
   *
   * @return the bus, or null in volatile mode
   */
  public @Nullable MerkleBus merkleBus() {
    return merkleBus;
  }

  /**
   * Returns the bus of the Poseidon2 compressions.
   *
   * @return the bus, or null in volatile mode
   */
  public @Nullable CompressionBus compressionBus() {
    return compressionBus;
  }

  /**
   * Returns the configuration.
   *
   * @return the configuration
   */
  public MemoryConfig config() {
    return config;
  }

  /**
   * Returns the mode.
   *
   * @return the mode
   */
  public MemoryMode mode() {
    return mode;
  }

  /**
   * Returns the backend that makes the traces.
   *
   * @return the backend
   */
  public TraceBackend backend() {
    return backend;
  }

  /**
   * Returns the memory AIRs: Boundary, in persistent mode Merkle, and the access adapters of 2, 4,
   * 8, ... cells.
   *
   * @return the AIRs in AIR order
   */
  public List<Air> airs() {
    return airs;
  }

  /**
   * Returns the names of the memory AIRs.
   *
   * @return names in AIR order
   */
  public List<String> airNames() {
    return airs.stream().map(Air::name).toList();
  }

  /**
   * Returns the used rows per AIR so far, neither rounded nor overridden. Rows appear with the
   * replay, so before {@link #finalizeMemory} only those of entries replayed by hand are there.
   *
   * @return rows in AIR order
   */
  public long[] currentTraceHeights() {
    requireOpen("currentTraceHeights");
    return session.currentTraceHeights();
  }

  /**
   * Returns the used cells per AIR so far: rows times width.
   *
   * @return cells in AIR order
   */
  public long[] currentTraceCells() {
    long[] cells = currentTraceHeights();
    for (int i = 0; i < cells.length; i++) {
      cells[i] = Math.multiplyExact(cells[i], (long) airs.get(i).width());
    }
    return cells;
  }

  /**
   * Returns {@link #currentTraceHeights()} as a structure.
   *
   * @return used rows, which the structure can round
   */
  public MemoryTraceHeights memoryTraceHeights() {
    return MemoryTraceHeights.of(mode, LongStream.of(currentTraceHeights()).boxed().toList());
  }

  /**
   * Returns a structure of heights that are all 1.
   *
   * @return dummy heights
   */
  public MemoryTraceHeights dummyMemoryTraceHeights() {
    long[] ones = new long[airs.size()];
    Arrays.fill(ones, 1);
    return MemoryTraceHeights.of(mode, LongStream.of(ones).boxed().toList());
  }

  /**
   * Sets minimum heights of the traces.
   *
   * @param heights one height per AIR, not negative
   * @throws IllegalArgumentException if the mode or the number of adapters is another one, or a
   *     height is negative
   */
  public void setOverrideTraceHeights(MemoryTraceHeights heights) {
    if (state != State.ACTIVE && state != State.FINALIZED) {
      throw wrongState("setOverrideTraceHeights", "ACTIVE or FINALIZED");
    }
    if (heights.mode() != mode) {
      throw new IllegalArgumentException(
          "the heights are for "
              + heights.mode().label()
              + " memory, this controller's is "
              + mode.label());
    }
    if (heights.accessAdapters().size() != config.adapterCount()) {
      throw new IllegalArgumentException(
          "there are "
              + heights.accessAdapters().size()
              + " access adapter heights; maxAccessAdapterN = "
              + config.maxAccessAdapterN()
              + " needs "
              + config.adapterCount());
    }
    for (long height : heights.toList()) {
      if (height < 0 || height > TraceHeight.MAX) {
        throw new IllegalArgumentException(
            "trace height " + height + " is not 0 to 2^27, the two-adicity of p - 1");
      }
    }
    overrides = heights;
  }

  /**
   * Gives the native memory of log, image and records back for the next segment. Traces and
   * auxiliary columns that were handed out stay valid. Closing twice has no effect.
   */
  @Override
  public void close() {
    if (state != State.CLOSED) {
      state = State.CLOSED;
      try {
        session.close(); // may find that a device has failed
      } finally {
        memory.release();
        try {
          initial.close();
        } finally {
          log.release();
        }
      }
    }
  }

  /** The current cells, whatever map holds them. */
  private record LiveImage(MemoryController controller) implements MemoryImage {
    private MemoryImage image() {
      controller.requireOpen("memoryImage");
      return controller.memory.image();
    }

    @Override
    public MemoryConfig config() {
      return controller.config;
    }

    @Override
    public int get(int addressSpace, int pointer) {
      return controller.unsafeReadCell(addressSpace, pointer);
    }

    @Override
    public void forEachPage(PageVisitor visitor) {
      image().forEachPage(visitor);
    }
  }

  /** The current log, whichever it is; empty once memory is finalised. */
  private record LiveLog(MemoryController controller) implements MemoryLog {
    @Override
    public MemoryConfig config() {
      return controller.config;
    }

    @Override
    public long size() {
      controller.requireOpen("memoryLogs");
      return controller.state == State.ACTIVE ? controller.log.size() : 0;
    }

    @Override
    public MemoryLogEntry get(long id) {
      Objects.checkIndex(id, size());
      return controller.log.get(id);
    }

    @Override
    public long endTimestamp() {
      return size() == 0 ? MemoryConfig.INITIAL_TIMESTAMP + 1 : controller.log.endTimestamp();
    }
  }
}
