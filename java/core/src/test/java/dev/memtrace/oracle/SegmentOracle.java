// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.oracle.ReplayOracle.Access;
import dev.memtrace.oracle.ReplayOracle.AdapterRecord;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes every product of a segment from the {@link ReplayOracle}, row by row as spec/airs.md
 * describes them, in the order that spec/bundle-format.md fixes. Shares no code with the production
 * traces.
 */
final class SegmentOracle {
  private static final int P = 2013265921;
  private static final int[] NONE = {};

  private final LogCase segment;
  private final MemoryConfig config;
  private final ReplayOracle replay;
  private final int limb;
  private final TreeMap<Integer, Integer> rangeCounts = new TreeMap<>();
  private final LinkedHashMap<List<Integer>, Integer> hashed = new LinkedHashMap<>();
  private final List<Products.Trace> airs = new ArrayList<>();

  private SegmentOracle(LogCase segment) {
    this.segment = segment;
    this.config = segment.config();
    this.limb = config.rangeMaxBits();
    this.replay = ReplayOracle.replay(segment);
  }

  static Products products(LogCase segment) {
    return new SegmentOracle(segment).make();
  }

  private Products make() {
    if (segment.persistent()) {
      persistentBoundary();
      merkle();
    } else {
      volatileBoundary();
    }
    replay.adapters().forEach(this::adapter);
    SortedMap<Integer, Integer> alone = new TreeMap<>(rangeCounts);
    int[] aux = aux();
    return new Products(
        airs,
        records(),
        aux,
        alone,
        rangeCounts,
        poseidon2Inputs(),
        segment.persistent() ? List.of(poseidon2(0), poseidon2(1)) : List.of(),
        replay.memory(),
        replay.now());
  }

  // Numbers.

  private static int p2(long n) {
    int power = 1;
    while (power < n) {
      power *= 2;
    }
    return power;
  }

  private static int p2z(long n) {
    return n == 0 ? 0 : p2(n);
  }

  private static int inverse(long x) {
    BigInteger p = BigInteger.valueOf(P);
    return BigInteger.valueOf(x).mod(p).modInverse(p).intValueExact();
  }

  private int low(long x) {
    return (int) (x % (1L << limb));
  }

  private int high(long x) {
    return (int) (x >> limb);
  }

  private void count(long value, int bits) {
    rangeCounts.merge((int) ((1L << bits) + value), 1, Integer::sum);
  }

  private void countLimbs(long value, int bits) {
    count(low(value), Math.min(bits, limb));
    count(high(value), Math.max(bits - limb, 0));
  }

  // Traces.

  private void add(
      String name,
      int width,
      List<int[]> rows,
      long height,
      long used,
      long logOrder,
      int[] publicValues) {
    airs.add(
        new Products.Trace(
            name, width, flatten(rows, width, height), used, logOrder, publicValues));
  }

  private static int[] flatten(List<int[]> rows, int width, long height) {
    int[] cells = new int[(int) (height * width)];
    int at = 0;
    for (int[] row : rows) {
      if (row.length != width) {
        throw new AssertionError("a row of " + row.length + " cells, not " + width);
      }
      System.arraycopy(row, 0, cells, at, width);
      at += width;
    }
    return cells;
  }

  private void volatileBoundary() {
    List<Map.Entry<Long, Integer>> cells = new ArrayList<>(replay.touched().entrySet());
    int used = cells.size();
    int height = p2(Math.max(used, segment.minimumHeight(0)));
    int asBits = 0;
    while (1L << asBits < config.asOffset() + (1L << config.asHeight())) {
      asBits++;
    }
    int m = Math.max(asBits, config.pointerMaxBits());
    List<int[]> rows = new ArrayList<>();
    for (int i = 0; i < used; i++) {
      int space = Cells.space(cells.get(i).getKey());
      int pointer = Cells.pointer(cells.get(i).getKey());
      int[] row = new int[12];
      row[0] = space;
      row[1] = low(pointer);
      row[2] = high(pointer);
      row[4] = replay.value(space, pointer);
      row[5] = cells.get(i).getValue();
      row[6] = 1;
      count(space, asBits);
      countLimbs(pointer, config.pointerMaxBits());
      if (i < used - 1) {
        int nextSpace = Cells.space(cells.get(i + 1).getKey());
        int nextPointer = Cells.pointer(cells.get(i + 1).getKey());
        boolean inSpace = nextSpace != space;
        int d = inSpace ? nextSpace - space : nextPointer - pointer;
        row[inSpace ? 7 : 8] = 1;
        row[9] = inverse(d);
        row[10] = low(d - 1);
        row[11] = high(d - 1);
        countLimbs(d - 1, m);
      }
      rows.add(row);
    }
    if (used > 0) {
      while (rows.size() < height) {
        rows.add(new int[12]);
      }
      int[] last = rows.get(height - 1);
      last[10] = low((1L << m) - 1);
      last[11] = high((1L << m) - 1);
      countLimbs((1L << m) - 1, m);
    }
    add("Boundary", 12, rows, height, used, height, NONE);
  }

  private int[] chunk(SortedMap<Long, Integer> memory, int space, int label) {
    int[] cells = new int[8];
    for (int i = 0; i < 8; i++) {
      cells[i] = memory.getOrDefault(Cells.key(space, 8 * label + i), 0);
    }
    return cells;
  }

  private void request(int[] left, int[] right) {
    List<Integer> input = new ArrayList<>();
    for (int x : left) {
      input.add(x);
    }
    for (int x : right) {
      input.add(x);
    }
    hashed.merge(input, 1, Integer::sum);
  }

  private void persistentBoundary() {
    List<int[]> rows = new ArrayList<>();
    replay
        .touched()
        .forEach(
            (cell, timestamp) -> {
              int space = Cells.space(cell);
              int label = Cells.pointer(cell) / 8;
              rows.add(boundaryRow(1, space, label, segment.initial(), 0));
              rows.add(boundaryRow(P - 1, space, label, replay.memory(), timestamp));
            });
    int height = p2(Math.max(rows.size(), segment.minimumHeight(0)));
    add("Boundary", 20, rows, height, rows.size(), 0, NONE);
  }

  private int[] boundaryRow(
      int direction, int space, int label, SortedMap<Long, Integer> memory, int timestamp) {
    int[] values = chunk(memory, space, label);
    int[] row = new int[20];
    row[0] = direction;
    row[1] = space;
    row[2] = label;
    System.arraycopy(values, 0, row, 3, 8);
    System.arraycopy(SlowPoseidon2.hash(values), 0, row, 11, 8);
    row[19] = timestamp;
    request(values, new int[8]);
    return row;
  }

  /** The memory tree, recursively from the cells; subtrees without a nonzero cell are known. */
  private final class Tree {
    private final TreeMap<Long, int[]> chunks = new TreeMap<>();
    private final Map<List<Long>, int[]> known = new HashMap<>();
    private final Map<Integer, int[]> zeros = new HashMap<>();

    Tree(SortedMap<Long, Integer> memory) {
      memory.forEach(
          (cell, value) ->
              chunks.computeIfAbsent(leaf(cell), _ -> new int[8])[Cells.pointer(cell) % 8] = value);
    }

    private int[] zero(int height) {
      int[] hash = zeros.get(height);
      if (hash == null) {
        hash =
            height == 0
                ? SlowPoseidon2.hash(new int[8])
                : SlowPoseidon2.compress(zero(height - 1), zero(height - 1));
        zeros.put(height, hash);
      }
      return hash;
    }

    int[] node(int height, long index) {
      if (chunks.subMap(index << height, (index + 1) << height).isEmpty()) {
        return zero(height);
      }
      if (height == 0) {
        return SlowPoseidon2.hash(chunks.get(index));
      }
      int[] hash = known.get(List.of((long) height, index));
      if (hash == null) {
        hash = SlowPoseidon2.compress(node(height - 1, 2 * index), node(height - 1, 2 * index + 1));
        known.put(List.of((long) height, index), hash);
      }
      return hash;
    }
  }

  private int addressHeight() {
    return config.pointerMaxBits() - 3;
  }

  private int overallHeight() {
    return addressHeight() + config.asHeight();
  }

  private long leaf(long cell) {
    return ((long) (Cells.space(cell) - config.asOffset()) << addressHeight())
        + Cells.pointer(cell) / 8;
  }

  private void merkle() {
    Tree before = new Tree(segment.initial());
    Tree after = new Tree(replay.memory());
    List<Set<Long>> touched = new ArrayList<>();
    for (int h = 0; h <= overallHeight(); h++) {
      touched.add(new TreeSet<>());
    }
    for (long cell : replay.touched().keySet()) {
      for (int h = 0; h <= overallHeight(); h++) {
        touched.get(h).add(leaf(cell) >> h);
      }
    }
    if (touched.get(0).isEmpty()) {
      for (int h = 1; h <= overallHeight(); h++) {
        touched.get(h).add(0L);
      }
    }
    List<int[]> rows = new ArrayList<>();
    for (int h = overallHeight(); h >= 1; h--) {
      for (long index : touched.get(h)) {
        rows.add(merkleRow(1, h, index, before, touched));
        rows.add(merkleRow(P - 1, h, index, after, touched));
      }
    }
    int height = p2(Math.max(rows.size(), segment.minimumHeight(1)));
    int[] roots = new int[16];
    System.arraycopy(before.node(overallHeight(), 0), 0, roots, 0, 8);
    System.arraycopy(after.node(overallHeight(), 0), 0, roots, 8, 8);
    add("Merkle", 32, rows, height, rows.size(), height, roots);
  }

  private int[] merkleRow(int direction, int h, long index, Tree tree, List<Set<Long>> touched) {
    int ah = addressHeight();
    int[] row = new int[32];
    row[0] = direction;
    row[1] = h > ah ? 1 : 0;
    row[2] = h;
    row[3] = h == overallHeight() ? 1 : 0;
    row[4] = (int) (h > ah ? index : index >> (ah - h));
    row[5] = (int) (h > ah ? 0 : index % (1L << (ah - h)));
    int[] left = tree.node(h - 1, 2 * index);
    int[] right = tree.node(h - 1, 2 * index + 1);
    System.arraycopy(tree.node(h, index), 0, row, 6, 8);
    System.arraycopy(left, 0, row, 14, 8);
    System.arraycopy(right, 0, row, 22, 8);
    if (direction != 1) {
      row[30] = touched.get(h - 1).contains(2 * index) ? 0 : 1;
      row[31] = touched.get(h - 1).contains(2 * index + 1) ? 0 : 1;
    }
    request(left, right);
    return row;
  }

  private void adapter(int n, List<AdapterRecord> records) {
    int air = airs.size();
    List<int[]> rows = new ArrayList<>();
    int k = config.clkMaxBits();
    for (AdapterRecord made : records) {
      int[] row = new int[n + 9];
      row[0] = 1;
      row[1] = made.split() ? 1 : 0;
      row[2] = made.space();
      row[3] = made.pointer();
      for (int i = 0; i < n; i++) {
        row[4 + i] = made.values().get(i);
      }
      row[4 + n] = made.left();
      row[5 + n] = made.right();
      row[6 + n] = made.left() < made.right() ? 1 : 0;
      long lt = ((1L << k) + made.right() - made.left() - 1) % (1L << k);
      row[7 + n] = low(lt);
      row[8 + n] = high(lt);
      countLimbs(lt, k);
      rows.add(row);
    }
    int height = p2z(Math.max(rows.size(), segment.minimumHeight(air)));
    add(
        "AccessAdapter<" + n + ">",
        n + 9,
        rows,
        height,
        rows.size(),
        replay.logOrderRows().get(n),
        NONE);
  }

  // Other products.

  private int[] records() {
    List<Integer> words = new ArrayList<>();
    for (Access access : replay.accesses()) {
      words.add(access.id());
      words.add(access.timestamp());
      words.add(access.prevTimestamp());
      words.add(access.data().size());
      words.addAll(access.data());
      words.addAll(access.prevData());
    }
    return words.stream().mapToInt(Integer::intValue).toArray();
  }

  private int[] aux() {
    List<int[]> rows = new ArrayList<>();
    for (Access access : replay.accesses()) {
      int lt = access.timestamp() - access.prevTimestamp() - 1;
      countLimbs(lt, config.clkMaxBits());
      rows.add(
          new int[] {
            access.prevTimestamp(),
            low(lt),
            high(lt),
            access.space() == 0 ? 1 : 0,
            access.space() == 0 ? 0 : inverse(access.space())
          });
    }
    return flatten(rows, 5, rows.size());
  }

  private int[] poseidon2Inputs() {
    List<int[]> rows = new ArrayList<>();
    hashed.forEach(
        (input, multiplicity) -> {
          int[] row = Arrays.copyOf(input.stream().mapToInt(Integer::intValue).toArray(), 17);
          row[16] = multiplicity;
          rows.add(row);
        });
    return flatten(rows, 17, rows.size());
  }

  private Products.Trace poseidon2(int registers) {
    List<int[]> rows = new ArrayList<>();
    hashed.forEach(
        (input, multiplicity) ->
            rows.add(
                SlowPoseidon2.row(
                    input.stream().mapToInt(Integer::intValue).toArray(),
                    multiplicity,
                    registers)));
    int[] padding = SlowPoseidon2.row(new int[16], 0, registers);
    while (rows.size() < p2z(hashed.size())) {
      rows.add(padding);
    }
    int width = padding.length;
    return new Products.Trace(
        "Poseidon2 with " + registers + " registers",
        width,
        flatten(rows, width, rows.size()),
        hashed.size(),
        0,
        NONE);
  }
}
