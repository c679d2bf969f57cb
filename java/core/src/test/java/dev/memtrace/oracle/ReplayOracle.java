// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.MemoryLogEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The replay as spec/replay.md writes it down, sections 1 to 5: one map of values, one map from
 * cells to materialised blocks, the recursion as printed there. Slow and obvious; shares no code
 * with the production replay.
 */
final class ReplayOracle {
  /** A block of the partition. */
  record Block(int pointer, int size, int timestamp) {
    @Override
    public String toString() {
      return "(" + pointer + "," + size + "," + timestamp + ")";
    }
  }

  /** Section 2. */
  record AdapterRecord(
      int n, boolean split, int space, int pointer, List<Integer> values, int left, int right) {
    @Override
    public String toString() {
      return "%d %s %d %s %d,%d"
          .formatted(n, split ? "split" : "merge", pointer, values, left, right);
    }
  }

  /** The record of an access. {@code prevData} is empty for a read. */
  record Access(
      int id,
      boolean write,
      int space,
      int pointer,
      int timestamp,
      int prevTimestamp,
      List<Integer> data,
      List<Integer> prevData) {}

  private final int blockSize;
  private final int spaceSize;
  private final Map<Long, Integer> value = new HashMap<>();

  /** The block of every materialised cell. */
  private final TreeMap<Long, Block> materialised = new TreeMap<>();

  private final Map<Integer, List<AdapterRecord>> adapters = new LinkedHashMap<>();
  private final Map<Integer, Integer> logOrderRows = new LinkedHashMap<>();
  private final List<AdapterRecord> emitted = new ArrayList<>();
  private final List<Access> accesses = new ArrayList<>();
  private int now = 1;
  private int entries;

  ReplayOracle(MemoryMode mode, MemoryConfig config, SortedMap<Long, Integer> initial) {
    this.blockSize = mode == MemoryMode.PERSISTENT ? 8 : 1;
    this.spaceSize = 1 << config.pointerMaxBits();
    value.putAll(initial);
    for (int n = 2; n <= config.maxAccessAdapterN(); n *= 2) {
      adapters.put(n, new ArrayList<>());
    }
  }

  static ReplayOracle replay(LogCase segment) {
    ReplayOracle oracle = new ReplayOracle(segment.mode(), segment.config(), segment.initial());
    segment.log().forEach(oracle::entry);
    oracle.finish();
    return oracle;
  }

  // Section 1.

  int value(int a, int x) {
    return value.getOrDefault(Cells.key(a, x), 0);
  }

  List<Integer> values(int a, int x, int n) {
    List<Integer> cells = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      cells.add(value(a, x + i));
    }
    return cells;
  }

  Block block(int a, int x) {
    Block block = materialised.get(Cells.key(a, x));
    return block != null ? block : new Block(x / blockSize * blockSize, blockSize, 0);
  }

  private void create(int a, int pointer, int size, int timestamp) {
    Block block = new Block(pointer, size, timestamp);
    for (int x = pointer; x < pointer + size; x++) {
      materialised.put(Cells.key(a, x), block);
    }
  }

  private void emit(boolean split, int n, int a, int pointer, int left, int right) {
    AdapterRecord made =
        new AdapterRecord(n, split, a, pointer, values(a, pointer, n), left, right);
    adapters.get(n).add(made);
    emitted.add(made);
  }

  // Section 3.

  private void splitAt(int a, int q) {
    if (q == spaceSize) {
      return;
    }
    Block whole = block(a, q);
    int ptr = whole.pointer();
    int size = whole.size();
    int ts = whole.timestamp();
    if (ptr == q) {
      return;
    }
    while (true) {
      emit(true, size, a, ptr, ts, ts);
      int h = size / 2;
      int mid = ptr + h;
      if (q <= mid) {
        create(a, mid, h, ts);
      }
      if (q >= mid) {
        create(a, ptr, h, ts);
      }
      if (q >= mid) {
        ptr = mid;
      }
      if (ptr == q) {
        return;
      }
      size = h;
    }
  }

  private void access(int a, int x, int n) {
    splitAt(a, x);
    splitAt(a, x + n);
    Block block = block(a, x);
    if (block.pointer() == x && block.size() == n) {
      return;
    }
    access(a, x, n / 2);
    access(a, x + n / 2, n / 2);
    int l = block(a, x).timestamp();
    int r = block(a, x + n / 2).timestamp();
    create(a, x, n, Math.max(l, r));
    emit(false, n, a, x, l, r);
  }

  // Section 4.

  void entry(MemoryLogEntry entry) {
    int id = entries++;
    switch (entry) {
      case MemoryLogEntry.IncrementTimestampBy increment -> now += increment.amount();
      case MemoryLogEntry.Read(int a, int x, int n) -> {
        if (a == 0) {
          accesses.add(new Access(id, false, 0, x, now, 0, List.of(x), List.of()));
        } else {
          int prev = touch(a, x, n);
          accesses.add(new Access(id, false, a, x, now, prev, values(a, x, n), List.of()));
        }
        now += 1;
      }
      case MemoryLogEntry.Write(int a, int x, int[] data) -> {
        int n = data.length;
        int prev = touch(a, x, n);
        List<Integer> old = values(a, x, n);
        for (int i = 0; i < n; i++) {
          value.put(Cells.key(a, x + i), data[i]);
        }
        accesses.add(new Access(id, true, a, x, now, prev, values(a, x, n), old));
        now += 1;
      }
    }
  }

  private int touch(int a, int x, int n) {
    access(a, x, n);
    int prev = block(a, x).timestamp();
    create(a, x, n, now);
    return prev;
  }

  // Section 5.

  void finish() {
    adapters.forEach((n, records) -> logOrderRows.put(n, records.size()));
    TreeSet<Long> s = new TreeSet<>();
    for (long cell : materialised.keySet()) {
      s.add(Cells.key(Cells.space(cell), Cells.pointer(cell) / blockSize * blockSize));
    }
    for (long element : s) {
      int a = Cells.space(element);
      int x = Cells.pointer(element);
      Block block = block(a, x);
      if (block.pointer() != x || block.size() != blockSize) {
        access(a, x, blockSize);
      }
    }
  }

  // Results.

  /** Timestamp after the log. */
  int now() {
    return now;
  }

  List<Access> accesses() {
    return accesses;
  }

  /** Adapter records by block size. */
  Map<Integer, List<AdapterRecord>> adapters() {
    return adapters;
  }

  /** How many records of each block size came from the log. */
  Map<Integer, Integer> logOrderRows() {
    return logOrderRows;
  }

  /** All adapter records so far, whatever their size, in the order of emission. */
  List<AdapterRecord> emitted() {
    return emitted;
  }

  /** Materialised blocks of one address space in ascending order. */
  List<Block> blocks(int space) {
    return materialised.subMap(Cells.key(space, 0), Cells.key(space + 1, 0)).values().stream()
        .distinct()
        .toList();
  }

  /** After {@link #finish()}: the timestamp of every touched block by its first cell, ascending. */
  SortedMap<Long, Integer> touched() {
    TreeMap<Long, Integer> result = new TreeMap<>();
    materialised.forEach(
        (cell, block) ->
            result.put(Cells.key(Cells.space(cell), block.pointer()), block.timestamp()));
    return result;
  }

  /** Cells that are not zero. */
  SortedMap<Long, Integer> memory() {
    TreeMap<Long, Integer> result = new TreeMap<>(value);
    result.values().removeIf(v -> v == 0);
    return result;
  }
}
