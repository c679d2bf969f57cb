// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.oracle.Products.Trace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates every constraint and every interaction of spec/airs.md over the products of a segment.
 * It asks whether a proof would go through, not whether rows are those of the oracle.
 */
final class AirChecker {
  private static final long P = 2013265921L;

  private final LogCase segment;
  private final MemoryConfig config;
  private final Products products;
  private final int limb;
  private final List<String> failures = new ArrayList<>();
  private final Bus memory = new Bus("memory");
  private final Bus merkle = new Bus("merkle");
  private final Bus[] compression = {new Bus("compression, 0 registers"), new Bus("compression")};
  private final Bus range = new Bus("range");

  private AirChecker(LogCase segment, Products products) {
    this.segment = segment;
    this.config = segment.config();
    this.products = products;
    this.limb = config.rangeMaxBits();
  }

  /** Returns everything that fails, at most some lines a constraint; empty if all holds. */
  static List<String> failures(LogCase segment, Products products) {
    AirChecker checker = new AirChecker(segment, products);
    checker.check();
    return checker.failures;
  }

  private void check() {
    for (Trace trace : products.airs()) {
      checkCells(trace);
      if (trace.name().equals("Merkle")) {
        merkle(trace);
      } else if (trace.name().startsWith("AccessAdapter<")) {
        adapter(trace);
      } else if (segment.persistent()) {
        persistentBoundary(trace);
      } else {
        volatileBoundary(trace);
      }
    }
    products.poseidon2().forEach(this::checkCells);
    for (int registers = 0; registers < products.poseidon2().size(); registers++) {
      poseidon2(products.poseidon2().get(registers), registers);
    }
    accesses();
    rangeTable(products.rangeCounts(), "memory AIRs");
    auxColumns();
    rangeTable(products.rangeCountsWithAux(), "with aux");
    memory.checkBalance();
    merkle.checkBalance();
    for (int registers = 0; registers < products.poseidon2().size(); registers++) {
      compression[registers].checkBalance();
    }
  }

  private void checkCells(Trace trace) {
    int height = trace.height();
    if (height * trace.width() != trace.cells().length || (height & height - 1) != 0) {
      failures.add(trace.name() + ": bad height of " + trace.cells().length + " cells");
    }
    for (int cell : trace.cells()) {
      if (cell < 0 || cell >= P) {
        failures.add(trace.name() + ": a cell is not canonical: " + Integer.toUnsignedString(cell));
        return;
      }
    }
  }

  // Constraints.

  private void zero(Trace trace, int row, String constraint, long value) {
    if (value % P != 0 && failures.size() < 50) {
      failures.add(trace.name() + " row " + row + ": " + constraint);
    }
  }

  private static long mul(long... factors) {
    long product = 1;
    for (long factor : factors) {
      product = product * Math.floorMod(factor, P) % P;
    }
    return product;
  }

  private static long bool(long x) {
    return mul(x, x - 1);
  }

  /** The row after the last is row 0. */
  private static int next(Trace trace, int row) {
    return (row + 1) % trace.height();
  }

  private void volatileBoundary(Trace t) {
    int asBits =
        32 - Integer.numberOfLeadingZeros(config.asOffset() + (1 << config.asHeight()) - 1);
    int m = Math.max(asBits, config.pointerMaxBits());
    long shift = 1L << limb;
    for (int r = 0; r < t.height(); r++) {
      int n = next(t, r);
      long valid = t.at(r, 6);
      long nextValid = t.at(n, 6);
      long pointer = t.at(r, 1) + mul(t.at(r, 2), shift);
      long nextPointer = t.at(n, 1) + mul(t.at(n, 2), shift);
      long[] d = {t.at(n, 0) - t.at(r, 0), nextPointer - pointer};
      zero(t, r, "1 is_valid boolean", bool(valid));
      if (r < t.height() - 1) {
        zero(t, r, "2 next valid", mul(nextValid, 1 - valid));
        long s = 0;
        for (int i = 0; i < 2; i++) {
          long marker = t.at(r, 7 + i);
          s += marker;
          zero(t, r, "3 marker boolean " + i, bool(marker));
          zero(t, r, "4 no difference before marker " + i, mul(nextValid, 1 - s, d[i]));
          zero(t, r, "5 diff_inv " + i, mul(marker, mul(d[i], t.at(r, 9)) - 1));
        }
        zero(t, r, "6 sum of markers boolean", bool(s));
        zero(t, r, "7 addresses differ", mul(nextValid, 1 - s));
        long difference = mul(d[0], t.at(r, 7)) + mul(d[1], t.at(r, 8));
        zero(
            t,
            r,
            "8 increasing",
            mul(nextValid, difference - 1 - t.at(r, 10) - mul(t.at(r, 11), shift)));
      }
      memory.add(t, r, valid, t.at(r, 0), pointer, t.at(r, 3), 0);
      memory.add(t, r, -valid, t.at(r, 0), pointer, t.at(r, 4), t.at(r, 5));
      range.add(t, r, valid, t.at(r, 0), asBits);
      limbs(t, r, valid, t.at(r, 1), t.at(r, 2), config.pointerMaxBits());
      limbs(t, r, nextValid, t.at(r, 10), t.at(r, 11), m);
    }
  }

  private void limbs(Trace t, int row, long multiplicity, long low, long high, int bits) {
    range.add(t, row, multiplicity, low, Math.min(bits, limb));
    range.add(t, row, multiplicity, high, Math.max(bits - limb, 0));
  }

  private void compress(Trace t, int row, long multiplicity, long[] message) {
    for (Bus bus : compression) {
      bus.add(t, row, multiplicity, message);
    }
  }

  private static long[] cells(Trace t, int row, int from, int count) {
    long[] cells = new long[count];
    for (int i = 0; i < count; i++) {
      cells[i] = t.at(row, from + i);
    }
    return cells;
  }

  private static long[] join(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }

  private static long[] of(long... values) {
    return values;
  }

  private void persistentBoundary(Trace t) {
    for (int r = 0; r < t.height(); r++) {
      long e = t.at(r, 0);
      long[] values = cells(t, r, 3, 8);
      long[] hash = cells(t, r, 11, 8);
      zero(t, r, "1 direction", mul(e, e, e) - e);
      zero(t, r, "2 timestamp of an initial row", mul(e, e + 1, t.at(r, 19)));
      long label = t.at(r, 2);
      merkle.add(t, r, e, join(of(e, 0, t.at(r, 1) - config.asOffset(), label), hash));
      compress(t, r, mul(e, e), join(values, new long[8], hash));
      memory.add(t, r, e, join(of(t.at(r, 1), 8 * label), values, of(t.at(r, 19))));
    }
  }

  private void merkle(Trace t) {
    int ah = config.pointerMaxBits() - 3;
    int oh = ah + config.asHeight();
    int[] roots = t.publicValues();
    if (roots.length != 16) {
      failures.add("Merkle: " + roots.length + " public values");
      return;
    }
    for (int r = 0; r < t.height(); r++) {
      int n = next(t, r);
      long e = t.at(r, 0);
      long section = t.at(r, 1);
      long ph = t.at(r, 2);
      long isRoot = t.at(r, 3);
      long asl = t.at(r, 4);
      long adl = t.at(r, 5);
      long ldd = t.at(r, 30);
      long rdd = t.at(r, 31);
      zero(t, r, "1 direction", mul(e, e, e) - e);
      zero(t, r, "2 ldd boolean", bool(ldd));
      zero(t, r, "2 rdd boolean", bool(rdd));
      zero(t, r, "3 ldd on final rows only", mul(e + 1, ldd));
      zero(t, r, "3 rdd on final rows only", mul(e + 1, rdd));
      if (r < t.height() - 1) {
        zero(t, r, "4 height falls by 0 or 1", bool(ph - t.at(n, 2)));
        zero(t, r, "4 section falls by 0 or 1", bool(section - t.at(n, 1)));
        zero(t, r, "4 is_root falls by 0 or 1", bool(isRoot - t.at(n, 3)));
        zero(t, r, "7 section changes from ah + 1", mul(ph - (ah + 1), section - t.at(n, 1)));
        zero(t, r, "8 section changes to ah", mul(t.at(n, 2) - ah, section - t.at(n, 1)));
      } else {
        zero(t, r, "6 last section", section);
        zero(t, r, "6 last is_root", isRoot);
      }
      if (r == 0) {
        zero(t, r, "5 first section", section - 1);
        zero(t, r, "5 first is_root", isRoot - 1);
        zero(t, r, "5 second is_root", t.at(n, 3) - 1);
        for (int i = 0; i < 8; i++) {
          zero(t, r, "11 initial root", t.at(r, 6 + i) - roots[i]);
          zero(t, r, "11 final root", t.at(n, 6 + i) - roots[8 + i]);
        }
      }
      zero(t, r, "9 root directions", mul(isRoot, t.at(n, 3), e - t.at(n, 0) - 2));
      zero(t, r, "10 root height", mul(isRoot, ph - oh));
      long[] parent = cells(t, r, 6, 8);
      long[] left = cells(t, r, 14, 8);
      long[] right = cells(t, r, 22, 8);
      long down = 1 + section;
      long side = 2 - section;
      merkle.add(t, r, mul(1 - isRoot, e), join(of(e, ph, asl, adl), parent));
      merkle.add(t, r, -e, join(of(e + 2 * ldd, ph - 1, mul(asl, down), mul(adl, side)), left));
      merkle.add(
          t,
          r,
          -e,
          join(
              of(e + 2 * rdd, ph - 1, mul(asl, down) + section, mul(adl, side) + 1 - section),
              right));
      compress(t, r, mul(e, e), join(left, right, parent));
    }
  }

  private void adapter(Trace t) {
    int n = t.width() - 9;
    long clk = 1L << config.clkMaxBits();
    for (int r = 0; r < t.height(); r++) {
      long valid = t.at(r, 0);
      long split = t.at(r, 1);
      long left = t.at(r, 4 + n);
      long right = t.at(r, 5 + n);
      long larger = t.at(r, 6 + n);
      long lt = t.at(r, 7 + n) + mul(t.at(r, 8 + n), 1L << limb);
      zero(t, r, "1 is_split boolean", bool(split));
      zero(t, r, "1 is_valid boolean", bool(valid));
      zero(t, r, "1 is_right_larger boolean", bool(larger));
      zero(t, r, "2 equal times of a split", mul(split, left - right));
      zero(t, r, "3 comparison", mul(valid, right - left + clk - 1 - lt - mul(larger, clk)));
      long parentTime = mul(larger, right) + mul(1 - larger, left);
      long direction = mul(valid, 2 * split - 1);
      long space = t.at(r, 2);
      long pointer = t.at(r, 3);
      memory.add(t, r, -direction, join(of(space, pointer), cells(t, r, 4, n), of(parentTime)));
      memory.add(t, r, direction, join(of(space, pointer), cells(t, r, 4, n / 2), of(left)));
      memory.add(
          t,
          r,
          direction,
          join(of(space, pointer + n / 2), cells(t, r, 4 + n / 2, n / 2), of(right)));
      limbs(t, r, valid, t.at(r, 7 + n), t.at(r, 8 + n), config.clkMaxBits());
    }
  }

  private void poseidon2(Trace t, int registers) {
    for (int r = 0; r < t.height(); r++) {
      Round round = new Round(t, r, registers);
      round.state = SlowPoseidon2.external(cells(t, r, 1, 16));
      for (int i = 0; i < 4; i++) {
        round.full(SlowPoseidon2.fullRoundConstants(i), i);
      }
      for (int i = 0; i < 13; i++) {
        round.partial(SlowPoseidon2.partialRoundConstant(i), i);
      }
      for (int i = 4; i < 8; i++) {
        round.full(SlowPoseidon2.fullRoundConstants(i), i);
      }
      long[] output = Arrays.copyOf(round.state, 8);
      long multiplicity = t.at(r, t.width() - 1);
      compression[registers].add(t, r, -multiplicity, join(cells(t, r, 1, 16), output));
    }
  }

  /** Walks through the columns of one permutation. */
  private final class Round {
    private final Trace t;
    private final int row;
    private final int registers;
    private int column = 17;
    private long[] state = new long[16];

    Round(Trace t, int row, int registers) {
      this.t = t;
      this.row = row;
      this.registers = registers;
    }

    private long sbox(long x, String label) {
      long cube = mul(x, x, x);
      if (registers == 1) {
        zero(t, row, label + " register", t.at(row, column) - cube);
        cube = t.at(row, column++);
      }
      return mul(cube, cube, x);
    }

    void full(long[] constants, int round) {
      long[] u = new long[16];
      for (int i = 0; i < 16; i++) {
        u[i] = sbox(state[i] + constants[i], "full round " + round);
      }
      u = SlowPoseidon2.external(u);
      for (int i = 0; i < 16; i++) {
        zero(t, row, "full round " + round + " post " + i, t.at(row, column + i) - u[i]);
      }
      state = cells(t, row, column, 16);
      column += 16;
    }

    void partial(long constant, int round) {
      long u = sbox(state[0] + constant, "partial round " + round);
      zero(t, row, "partial round " + round + " post", t.at(row, column) - u);
      state[0] = t.at(row, column++);
      state = SlowPoseidon2.internal(state);
    }
  }

  // Accesses: what an honest chip would put on the bus, by the log and the records.

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Access(int space, int pointer, long timestamp, long previous, int[] data) {}

  private final List<Access> proved = new ArrayList<>();

  private void accesses() {
    int[] words = products.records();
    Map<Long, Integer> cells = new HashMap<>(segment.initial());
    long now = 1;
    int at = 0;
    int id = 0;
    for (MemoryLogEntry entry : segment.log()) {
      switch (entry) {
        case MemoryLogEntry.IncrementTimestampBy increment -> now += increment.amount();
        case MemoryLogEntry.Read(int space, int pointer, int n) ->
            at = access(cells, words, at, id, now++, space, pointer, n, null);
        case MemoryLogEntry.Write(int space, int pointer, int[] data) ->
            at = access(cells, words, at, id, now++, space, pointer, data.length, data);
      }
      if (at < 0) {
        return;
      }
      id++;
    }
    if (at != words.length) {
      failures.add("records: " + words.length + " words, the log has " + at);
    }
    if (now != products.endTimestamp() || now >= 1L << config.clkMaxBits()) {
      failures.add("end timestamp " + products.endTimestamp() + ", the log ends at " + now);
    }
    cells.values().removeIf(value -> value == 0);
    if (!new TreeMap<>(cells).equals(products.finalMemory())) {
      failures.add("final memory differs from the log");
    }
  }

  private int access(
      Map<Long, Integer> cells,
      int[] words,
      int at,
      int id,
      long now,
      int space,
      int pointer,
      int n,
      int @Nullable [] written) {
    int end = at + 4 + (written == null ? n : 2 * n);
    if (end > words.length) {
      failures.add("records end inside the record of entry " + id);
      return -1;
    }
    int[] head = {id, (int) now, words[at + 2], n};
    int[] old = new int[n];
    for (int i = 0; i < n; i++) {
      old[i] = space == 0 ? pointer : cells.getOrDefault(Cells.key(space, pointer + i), 0);
    }
    int[] want = concat(head, written == null ? old : concat(written, old));
    if (!Arrays.equals(want, Arrays.copyOfRange(words, at, end))) {
      failures.add("record of entry " + id + " is not that of the log");
    }
    long previous = words[at + 2];
    if (previous < 0 || previous >= now || (space == 0 && previous != 0)) {
      failures.add("record of entry " + id + " has previous timestamp " + previous);
    }
    int[] data = written == null ? old : written;
    proved.add(new Access(space, pointer, now, previous, data));
    if (space == 0) {
      return end;
    }
    Trace chip = new Trace("access of entry", 1, new int[0], 0, 0, new int[0]);
    memory.add(chip, id, -1, join(of(space, pointer), longs(old), of(previous)));
    memory.add(chip, id, 1, join(of(space, pointer), longs(data), of(now)));
    for (int i = 0; i < n; i++) {
      cells.put(Cells.key(space, pointer + i), data[i]);
    }
    return end;
  }

  private static long[] longs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  private static int[] concat(int[] a, int[] b) {
    int[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private void auxColumns() {
    Trace t = new Trace("aux", 5, products.aux(), 0, 0, new int[0]);
    checkValues(t);
    if (t.height() != proved.size() || t.cells().length != 5 * proved.size()) {
      failures.add("aux: " + t.cells().length + " words for " + proved.size() + " accesses");
      return;
    }
    for (int r = 0; r < proved.size(); r++) {
      Access access = proved.get(r);
      long immediate = t.at(r, 3);
      long lt = t.at(r, 1) + mul(t.at(r, 2), 1L << limb);
      zero(t, r, "previous timestamp", t.at(r, 0) - access.previous());
      zero(t, r, "timestamp comparison", access.timestamp() - t.at(r, 0) - 1 - lt);
      zero(t, r, "immediate in a space", mul(access.space(), immediate));
      zero(t, r, "immediate or inverse", immediate + mul(access.space(), t.at(r, 4)) - 1);
      zero(t, r, "immediate data", mul(immediate, (long) access.data()[0] - access.pointer()));
      limbs(t, r, 1, t.at(r, 1), t.at(r, 2), config.clkMaxBits());
    }
  }

  private void checkValues(Trace trace) {
    for (int cell : trace.cells()) {
      if (cell < 0 || cell >= P) {
        failures.add(trace.name() + ": a cell is not canonical");
        return;
      }
    }
  }

  // Buses.

  private record Message(List<Long> values) {}

  /** Signed multiset of messages. */
  private final class Bus {
    private final String name;
    private final Map<Message, Long> sums = new HashMap<>();

    Bus(String name) {
      this.name = name;
    }

    void add(Trace trace, int row, long multiplicity, long... message) {
      long m = Math.floorMod(multiplicity, P);
      if (m == 0) {
        return;
      }
      if (name.equals("range") && (message[0] < 0 || message[0] >= 1L << message[1])) {
        failures.add(
            trace.name()
                + " row "
                + row
                + ": "
                + Arrays.toString(message)
                + " is not in the table");
        return;
      }
      Message key =
          new Message(Arrays.stream(message).map(x -> Math.floorMod(x, P)).boxed().toList());
      sums.merge(key, m, (a, b) -> (a + b) % P);
    }

    void checkBalance() {
      for (Map.Entry<Message, Long> sum : sums.entrySet()) {
        if (sum.getValue() != 0) {
          failures.add(
              "bus " + name + ": " + sum.getKey().values() + " has multiplicity " + sum.getValue());
          return;
        }
      }
    }
  }

  /** Compares the requests so far with the counts; the table has every pair (value, bits) once. */
  private void rangeTable(Map<Integer, Integer> counts, String when) {
    Map<Message, Long> table = new HashMap<>();
    counts.forEach(
        (row, count) -> {
          int bits = 31 - Integer.numberOfLeadingZeros(Math.max(row, 1));
          long value = row == 0 ? 0 : row - (1L << bits);
          if (row >= 2 << limb || count <= 0) {
            failures.add("range table, " + when + ": row " + row + " has count " + count);
          }
          table.merge(new Message(List.of(value, (long) bits)), (long) count, Long::sum);
        });
    if (!table.equals(range.sums)) {
      failures.add("bus range, " + when + ": requests and counts differ");
    }
  }
}
