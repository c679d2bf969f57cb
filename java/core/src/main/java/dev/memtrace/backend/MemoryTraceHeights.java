// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.air.TraceHeight;
import dev.memtrace.config.MemoryMode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;

/** Heights of the memory traces, as a structure. */
public sealed interface MemoryTraceHeights {

  /**
   * Heights in volatile mode.
   *
   * @param boundary height of Boundary
   * @param accessAdapters heights of AccessAdapter of 2, 4, 8, ... cells
   */
  record Volatile(long boundary, List<Long> accessAdapters) implements MemoryTraceHeights {
    /** Copies the list. */
    public Volatile {
      accessAdapters = List.copyOf(accessAdapters);
    }

    @Override
    public MemoryMode mode() {
      return MemoryMode.VOLATILE;
    }

    @Override
    public List<Long> toList() {
      return concat(List.of(boundary), accessAdapters);
    }
  }

  /**
   * Heights in persistent mode.
   *
   * @param boundary height of Boundary
   * @param merkle height of Merkle
   * @param accessAdapters heights of AccessAdapter of 2, 4, 8, ... cells
   */
  record Persistent(long boundary, long merkle, List<Long> accessAdapters)
      implements MemoryTraceHeights {
    /** Copies the list. */
    public Persistent {
      accessAdapters = List.copyOf(accessAdapters);
    }

    @Override
    public MemoryMode mode() {
      return MemoryMode.PERSISTENT;
    }

    @Override
    public List<Long> toList() {
      return concat(List.of(boundary, merkle), accessAdapters);
    }
  }

  /**
   * Returns the mode whose AIRs these are.
   *
   * @return the mode
   */
  MemoryMode mode();

  /**
   * Returns the heights of Access adapters of 2, 4, 8, ... cells.
   *
   * @return one height an adapter AIR
   */
  List<Long> accessAdapters();

  /**
   * Returns the heights in AIR order.
   *
   * @return Boundary, in persistent mode Merkle, adapters
   */
  List<Long> toList();

  /**
   * Builds the structure from heights in AIR order.
   *
   * @param mode the mode
   * @param heights as {@link #toList()} returns them
   * @return the structure
   */
  static MemoryTraceHeights of(MemoryMode mode, List<Long> heights) {
    return mode == MemoryMode.VOLATILE
        ? new Volatile(heights.get(0), heights.subList(1, heights.size()))
        : new Persistent(heights.get(0), heights.get(1), heights.subList(2, heights.size()));
  }

  /**
   * Rounds every height up to a power of two, and 0 to 1.
   *
   * @return the rounded heights
   */
  default MemoryTraceHeights roundToNextPowerOfTwo() {
    return map(TraceHeight::nextPowerOfTwo);
  }

  /**
   * Rounds every height up to a power of two, and 0 to 0.
   *
   * @return the rounded heights
   */
  default MemoryTraceHeights roundToNextPowerOfTwoOrZero() {
    return map(TraceHeight::nextPowerOfTwoOrZero);
  }

  private MemoryTraceHeights map(LongUnaryOperator operator) {
    return of(mode(), toList().stream().map(operator::applyAsLong).toList());
  }

  private static List<Long> concat(List<Long> head, List<Long> tail) {
    List<Long> all = new ArrayList<>(head);
    all.addAll(tail);
    return List.copyOf(all);
  }
}
