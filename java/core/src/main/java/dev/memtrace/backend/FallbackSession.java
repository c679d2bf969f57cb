// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.LogSegment;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A session on a device that goes on elsewhere when the device's memory does not suffice. */
final class FallbackSession implements TraceSession {
  private final Function<DeviceMemoryException, TraceSession> other;
  private final List<LogSegment> segments = new ArrayList<>();
  private TraceSession session;
  private boolean onDevice = true;
  private boolean finalised;

  FallbackSession(TraceSession session, Function<DeviceMemoryException, TraceSession> other) {
    this.session = session;
    this.other = other;
  }

  private <T> T attempt(Supplier<T> operation) {
    if (onDevice) {
      try {
        return operation.get();
      } catch (DeviceMemoryException e) {
        leaveDevice(e);
      }
    }
    return operation.get();
  }

  /** Brings another session to where this one is; if that fails, nothing has changed. */
  private void leaveDevice(DeviceMemoryException reason) {
    TraceSession next = other.apply(reason);
    try {
      segments.forEach(next::appendSegment);
      if (finalised) {
        // The inputs were recorded already: they go to a recorder that nobody reads.
        try (Poseidon2Periphery repeated = new Poseidon2Periphery()) {
          next.finalizeMemory(repeated);
        }
      }
    } catch (RuntimeException | Error e) {
      next.close();
      e.addSuppressed(reason);
      throw e;
    }
    session.close();
    session = next;
    onDevice = false;
    segments.clear();
  }

  @Override
  public void appendSegment(LogSegment segment) {
    attempt(
        () -> {
          session.appendSegment(segment);
          return segment;
        });
    if (onDevice) {
      segments.add(segment);
    }
  }

  @Override
  public void replayAccess(MemoryLogEntry entry) {
    session.replayAccess(entry);
  }

  @Override
  public void finalizeMemory(@Nullable Poseidon2Periphery hasher) {
    attempt(
        () -> {
          session.finalizeMemory(hasher);
          return session;
        });
    finalised = true;
  }

  @Override
  public long[] currentTraceHeights() {
    return attempt(() -> session.currentTraceHeights());
  }

  @Override
  public int[] initialRoot() {
    return session.initialRoot();
  }

  @Override
  public int[] finalRoot() {
    return session.finalRoot();
  }

  @Override
  public MemoryImage finalMemory() {
    return attempt(() -> session.finalMemory());
  }

  @Override
  public MemoryState finalState(BufferPool pool) {
    return attempt(() -> session.finalState(pool));
  }

  @Override
  public MemoryRecord record(long id) {
    return attempt(() -> session.record(id));
  }

  @Override
  public WordStream records() {
    return attempt(() -> session.records());
  }

  @Override
  public List<AirProofInput> generateAirProofInputs(
      long[] heights, VariableRangeChecker rangeChecker) {
    return attempt(() -> session.generateAirProofInputs(heights, rangeChecker));
  }

  @Override
  public WordStream generateAuxColumns(VariableRangeChecker rangeChecker) {
    return attempt(() -> session.generateAuxColumns(rangeChecker));
  }

  @Override
  public void countAuxColumns(VariableRangeChecker rangeChecker) {
    attempt(
        () -> {
          session.countAuxColumns(rangeChecker);
          return session;
        });
  }

  @Override
  public void close() {
    session.close();
    segments.clear();
  }
}
