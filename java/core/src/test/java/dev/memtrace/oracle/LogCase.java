// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.MemoryLogEntry;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A segment to replay: all that a memory controller is told.
 *
 * @param name where it comes from; with the seed of random cases
 * @param initial nonzero cells before the first access by {@link Cells#key}
 * @param minimumHeights overridden heights in AIR order, or empty
 */
record LogCase(
    String name,
    MemoryMode mode,
    MemoryConfig config,
    SortedMap<Long, Integer> initial,
    List<MemoryLogEntry> log,
    List<Long> minimumHeights) {

  boolean persistent() {
    return mode == MemoryMode.PERSISTENT;
  }

  long minimumHeight(int air) {
    return minimumHeights.isEmpty() ? 0 : minimumHeights.get(air);
  }

  AddressMap initialImage() {
    AddressMap image = new AddressMap(config);
    for (Map.Entry<Long, Integer> cell : initial.entrySet()) {
      image.set(Cells.space(cell.getKey()), Cells.pointer(cell.getKey()), cell.getValue());
    }
    return image;
  }

  /** Nonzero cells after the log. */
  SortedMap<Long, Integer> finalCells() {
    SortedMap<Long, Integer> cells = new TreeMap<>(initial);
    for (MemoryLogEntry entry : log) {
      if (entry instanceof MemoryLogEntry.Write(int space, int pointer, int[] data)) {
        for (int i = 0; i < data.length; i++) {
          cells.put(Cells.key(space, pointer + i), data[i]);
        }
      }
    }
    cells.values().removeIf(value -> value == 0);
    return cells;
  }

  LogCase withInitial(SortedMap<Long, Integer> cells) {
    return new LogCase(name, mode, config, cells, log, minimumHeights);
  }

  LogCase withMinimumHeights(List<Long> heights) {
    return new LogCase(name, mode, config, initial, log, heights);
  }

  @Override
  public String toString() {
    return name;
  }

  /** The case in words, short enough for a failure message. */
  String describe() {
    return name
        + ": "
        + mode
        + " "
        + config
        + ", "
        + initial.size()
        + " initial cells, log "
        + (log.size() <= 24 ? log : log.size() + " entries")
        + (minimumHeights.isEmpty() ? "" : ", heights " + minimumHeights);
  }
}
