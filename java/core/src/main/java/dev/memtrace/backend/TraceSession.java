// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The work on one segment of execution, from its log to its traces. A session is used by one thread
 * at a time and calls nothing back. The memory controller keeps to the order of calls that the
 * methods state.
 */
public interface TraceSession extends AutoCloseable {

  /**
   * Takes the next part of the log, while execution may still go on.
   *
   * @param segment entries that no longer change; their memory outlives the session
   */
  void appendSegment(LogSegment segment);

  /**
   * Runs one entry through the replay at once, for callers that replay by hand. Not mixed with
   * {@link #appendSegment}. Only sessions of the CPU backend need support it.
   *
   * @param entry the entry
   * @throws UnsupportedOperationException if the backend only replays whole logs
   */
  void replayAccess(MemoryLogEntry entry);

  /**
   * Replays what was appended, brings memory to equal blocks, and computes boundary, tree and
   * roots. If it fails, the session can be closed, or continued after {@link #replayAccess}.
   *
   * @param hasher receives every Poseidon2 input that an AIR claims; required in persistent mode,
   *     ignored in volatile mode
   */
  void finalizeMemory(@Nullable Poseidon2Periphery hasher);

  /**
   * Returns used rows per AIR in AIR order, before padding.
   *
   * @return a new array
   */
  long[] currentTraceHeights();

  /**
   * Returns the root of the memory tree before the first access, once finalised in persistent mode.
   *
   * @return 8 canonical elements
   */
  int[] initialRoot();

  /**
   * Returns the root of the memory tree after the last access, once finalised in persistent mode.
   *
   * @return 8 canonical elements
   */
  int[] finalRoot();

  /**
   * Returns memory after the last access, once finalised.
   *
   * @return a view, valid until {@link #close()}
   */
  MemoryImage finalMemory();

  /**
   * Hands over memory after the last access, once finalised in persistent mode, and once only. The
   * tree of the state that the session was opened with goes along; its cells stay as they are. A
   * backend that keeps no trees copies the cells, as here.
   *
   * @param pool where memory of the state comes from
   * @return a new state, owned by the caller
   */
  default MemoryState finalState(BufferPool pool) {
    MemoryImage image = finalMemory();
    return MemoryState.copyOf(image, image.config(), pool);
  }

  /**
   * Returns the record of an access, once finalised.
   *
   * @param id position in the log
   * @return the record
   * @throws IllegalArgumentException if the entry is a clock increment
   * @throws IndexOutOfBoundsException if there is no such entry
   */
  MemoryRecord record(long id);

  /**
   * Returns all records in log order, once finalised: log index, timestamp, previous timestamp,
   * length, data, and for a write the previous data.
   *
   * @return a view, valid until {@link #close()}
   */
  WordStream records();

  /**
   * Makes the memory traces, once finalised, and adds their range checks.
   *
   * @param heights heights of the traces in AIR order, each 0 or a power of two and none below the
   *     used rows
   * @param rangeChecker receives the range checks
   * @return one input per AIR in AIR order, owned by the caller
   */
  List<AirProofInput> generateAirProofInputs(long[] heights, VariableRangeChecker rangeChecker);

  /**
   * Makes the auxiliary columns of every access in log order, once finalised, and adds their range
   * checks: previous timestamp, two limbs, is_immediate, is_zero_aux.
   *
   * @param rangeChecker receives the range checks
   * @return five words an access, owned by the caller
   */
  WordStream generateAuxColumns(VariableRangeChecker rangeChecker);

  /**
   * Adds the range checks of the auxiliary columns of every access, as {@link #generateAuxColumns}
   * does, for callers who want only these.
   *
   * @param rangeChecker receives the range checks
   */
  default void countAuxColumns(VariableRangeChecker rangeChecker) {
    generateAuxColumns(rangeChecker).close();
  }

  /** Gives back all memory that products do not own. Closing twice has no effect. */
  @Override
  void close();
}
