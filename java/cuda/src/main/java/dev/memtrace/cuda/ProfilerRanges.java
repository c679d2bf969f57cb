// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.instrument.Stage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;

/** NVTX ranges of the calling thread, which profilers show beside the work that is enqueued. */
final class ProfilerRanges {
  private final AlgorithmsLibrary library;

  /** The labels as C strings. */
  private final Map<Stage, MemorySegment> names = new EnumMap<>(Stage.class);

  ProfilerRanges(AlgorithmsLibrary library) {
    this.library = library;
    for (Stage stage : Stage.values()) {
      names.put(stage, Arena.ofAuto().allocateFrom(stage.label()));
    }
  }

  /** Begins a range; {@link #pop} must follow on the same thread. */
  void push(Stage stage) {
    try {
      int _ = (int) library.rangePush().invokeExact(names.get(stage));
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }

  /** Ends the range that was begun last. */
  void pop() {
    try {
      int _ = (int) library.rangePop().invokeExact();
    } catch (Throwable e) {
      throw Native.failure(e);
    }
  }
}
