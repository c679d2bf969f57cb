// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.air.Air;
import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.check.CheckFailure;
import dev.memtrace.check.CheckReport;
import dev.memtrace.check.TraceChecker;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.oracle.Products.Trace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The verdict of the {@link TraceChecker} is that of spec/airs.md: what is produced is accepted,
 * what is changed is rejected and named unless section 9 leaves it free, and the slow {@link
 * AirChecker} of the tests says the same. Repeat a failure with {@code
 * -Dmemtrace.oracle.seed=SEED}.
 */
class TraceCheckerTest {
  private static final int P = 2013265921;
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_251_123L);
  private static final int FLIPS = 160;
  private static final TraceBackend BACKEND = Production.backend(2);

  @AfterAll
  static void closeBackend() {
    BACKEND.close();
  }

  private static Products produce(LogCase segment) {
    return Production.run(segment, BACKEND, Production.Feed.ONLINE);
  }

  static IntStream shards() {
    return IntStream.range(0, 4);
  }

  @ParameterizedTest(name = "cases {0}00 to {0}29")
  @MethodSource("shards")
  void producedTracesAreAccepted(int shard) {
    for (int i = 0; i < 30; i++) {
      LogCase segment = RandomLogs.of(SEED, 100 * shard + i);
      if (segment.config().rangeMaxBits() <= 20) {
        CheckReport report = Checked.report(segment, produce(segment));
        assertThat(report.failures()).as("seed %d: %s", SEED, segment.describe()).isEmpty();
        assertThat(report.notChecked()).isEmpty();
      }
    }
  }

  @Test
  void theNumberOfThreadsChangesNothing() {
    LogCase segment = RandomLogs.longLog(SEED, 1, 30_000);
    Products products = produce(segment);
    assertThat(Checked.checker(segment, products).threads(3).check().failures()).isEmpty();
    Random random = new Random(SEED);
    for (Trace trace : products.airs()) {
      for (int i = 0; i < 40 && trace.cells().length > 0; i++) {
        int at = random.nextInt((int) trace.usedRows() * trace.width());
        trace.cells()[at] = random.nextInt(P);
      }
    }
    for (int max : new int[] {1, 5, 1000}) {
      CheckReport one = Checked.checker(segment, products).maxFailures(max).check();
      CheckReport three = Checked.checker(segment, products).maxFailures(max).threads(3).check();
      assertThat(one.failures()).hasSizeBetween(1, max);
      assertThat(one.found()).isGreaterThan(20);
      assertThat(three.failures()).isEqualTo(one.failures());
    }
  }

  // ------------------------------------------------------------------ single cells

  static Stream<LogCase> small() {
    return AirCheckerTest.small();
  }

  @ParameterizedTest
  @MethodSource("small")
  void aChangedTraceCellIsFoundAndNamed(LogCase segment) {
    Products products = produce(segment);
    Random random = new Random(SEED);
    List<Trace> traces = new ArrayList<>(products.airs());
    traces.addAll(products.poseidon2());
    for (Trace trace : traces) {
      List<String> columns = columns(segment, trace);
      int cells = trace.cells().length;
      for (int flip = 0; flip < Math.min(FLIPS, 2 * cells); flip++) {
        int at = cells <= FLIPS / 2 ? flip % cells : random.nextInt(cells);
        int row = at / trace.width();
        int column = at % trace.width();
        int old = trace.cells()[at];
        boolean near = row < trace.usedRows() && flip % 2 == 0;
        int fresh = near ? (old + 1) % P : 2 + random.nextInt(P - 2);
        if (fresh == old) {
          continue;
        }
        trace.cells()[at] = fresh;
        CheckReport report = Checked.report(segment, products);
        List<String> expected =
            flip % 4 == 0 ? AirChecker.failures(segment, products) : List.of("not asked");
        trace.cells()[at] = old;
        String what =
            "seed %d, %s: %s of height %d, used %d, row %d column %d from %d to %d"
                .formatted(
                    SEED,
                    segment.name(),
                    trace.name(),
                    trace.height(),
                    trace.usedRows(),
                    row,
                    column,
                    old,
                    fresh);
        switch (AirCheckerTest.binding(segment, trace, row, column)) {
          case BOUND -> {
            assertThat(report.accepted()).as(what).isFalse();
            assertThat(report.failures())
                .as(what)
                .satisfies(
                    failures ->
                        assertThat(Checked.names(failures, trace, row, columns.get(column)))
                            .as("%s is named in %s", columns.get(column), failures)
                            .isTrue());
          }
          case FREE -> assertThat(report.failures()).as(what).isEmpty();
          case EITHER -> {}
        }
        if (flip % 4 == 0) {
          assertThat(report.accepted()).as(what).isEqualTo(expected.isEmpty());
        }
      }
    }
    assertThat(Checked.report(segment, products).failures()).isEmpty();
  }

  private static List<String> columns(LogCase segment, Trace trace) {
    if (trace.name().startsWith("Poseidon2")) {
      return new Poseidon2Air(trace.name().charAt(15) - '0').columns();
    }
    return TraceChecker.memoryAirs(segment.mode(), segment.config()).stream()
        .filter(air -> air.name().equals(trace.name()))
        .map(Air::columns)
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("small")
  void aChangedRecordOrAuxiliaryColumnIsFoundAndNamed(LogCase segment) {
    Products products = produce(segment);
    int at = 0;
    int access = 0;
    for (int id = 0; id < segment.log().size(); id++) {
      int words =
          switch (segment.log().get(id)) {
            case MemoryLogEntry.IncrementTimestampBy _ -> 0;
            case MemoryLogEntry.Read(int _, int _, int n) -> 4 + n;
            case MemoryLogEntry.Write(int _, int _, int[] data) -> 4 + 2 * data.length;
          };
      for (int i = at; i < at + words; i++) {
        assertEntryNamed(segment, products, products.records(), i, id, "record word " + (i - at));
      }
      at += words;
      for (int i = 5 * access; words > 0 && i < 5 * access + 5; i++) {
        if (i % 5 == 4 && products.aux()[i - 1] == 1) { // is_zero_aux of an immediate
          int old = products.aux()[i];
          products.aux()[i] = 77;
          assertThat(Checked.report(segment, products).failures()).isEmpty();
          products.aux()[i] = old;
        } else {
          assertEntryNamed(segment, products, products.aux(), i, id, "aux word " + i % 5);
        }
      }
      access += words > 0 ? 1 : 0;
    }
    assertThat(Checked.report(segment, products).failures()).isEmpty();
  }

  private static void assertEntryNamed(
      LogCase segment, Products products, int[] words, int at, long id, String what) {
    int old = words[at];
    for (int fresh : new int[] {(old + 1) % P, (old + P - 1) % P, P, -1}) {
      words[at] = fresh;
      List<CheckFailure> failures = Checked.report(segment, products).failures();
      words[at] = old;
      assertThat(Checked.namesEntry(failures, id))
          .as("%s: %s of entry %d from %d to %d: %s", segment, what, id, old, fresh, failures)
          .isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("small")
  void aChangedCountRootOrFinalCellIsFoundAndNamed(LogCase segment) {
    Products products = produce(segment);
    int rows = 2 << segment.config().rangeMaxBits();
    for (int row = 0; row < rows; row++) {
      assertRangeRowNamed(segment, products, products.rangeCounts(), row, "bus range");
      assertRangeRowNamed(
          segment, products, products.rangeCountsWithAux(), row, "bus range, accesses included");
    }
    // The same count modulo p is another word.
    Map.copyOf(products.rangeCounts())
        .forEach(
            (row, count) -> {
              products.rangeCounts().put(row, count + P);
              String what = "row " + row + " holds " + Integer.toUnsignedString(count + P);
              assertThat(Checked.report(segment, products).failures())
                  .anyMatch(failure -> failure.toString().contains(what));
              products.rangeCounts().put(row, count);
            });
    for (Trace trace : products.airs()) {
      for (int i = 0; i < trace.publicValues().length; i++) {
        trace.publicValues()[i] ^= 1;
        List<CheckFailure> failures = Checked.report(segment, products).failures();
        trace.publicValues()[i] ^= 1;
        String root = i < 8 ? "initial root" : "final root";
        assertThat(failures).anyMatch(failure -> failure.rule().equals(root));
      }
    }
    products.finalMemory().put(Cells.key(1, 30), 1);
    assertThat(Checked.report(segment, products).failures())
        .singleElement()
        .hasToString("final memory: cell (1, 30): is 1, memory after the log holds 0");
    products.finalMemory().remove(Cells.key(1, 30));
    for (int i = 0; i < products.poseidon2Inputs().length; i++) {
      int[] inputs = products.poseidon2Inputs();
      int old = inputs[i];
      inputs[i] = (old + 1) % P;
      List<CheckFailure> failures = Checked.report(segment, products).failures();
      inputs[i] = old;
      int row = i / 17;
      assertThat(failures)
          .as("input word %d", i)
          .anyMatch(
              failure ->
                  failure.message() != null
                      && failure.message().sources().stream()
                          .anyMatch(
                              source ->
                                  source.place().equals("poseidon2_inputs")
                                      && source.row() == row));
    }
    assertThat(Checked.report(segment, products).failures()).isEmpty();
  }

  private static void assertRangeRowNamed(
      LogCase segment, Products products, SortedMap<Integer, Integer> counts, int row, String bus) {
    Integer old = counts.get(row);
    counts.merge(row, 1, Integer::sum);
    List<CheckFailure> failures = Checked.report(segment, products).failures();
    if (old == null) {
      counts.remove(row);
    } else {
      counts.put(row, old);
    }
    assertThat(failures).as("range count %d", row).hasSize(1);
    assertThat(failures.getFirst().place()).isEqualTo(bus);
    assertThat(failures.getFirst().row()).isEqualTo(Math.max(1, row));
  }

  // ------------------------------------------------------------------ rows

  /** A segment that uses adapters in both directions. */
  private static LogCase rich(boolean persistent) {
    return small()
        .filter(
            segment -> segment.name().equals((persistent ? "persistent" : "volatile") + ", padded"))
        .findFirst()
        .orElseThrow();
  }

  static Stream<LogCase> padded() {
    return Stream.of(rich(false), rich(true));
  }

  private static int[] row(Trace trace, int row) {
    return Arrays.copyOfRange(trace.cells(), row * trace.width(), (row + 1) * trace.width());
  }

  private static void set(Trace trace, int row, int[] cells) {
    System.arraycopy(cells, 0, trace.cells(), row * trace.width(), cells.length);
  }

  private static void assertRejected(
      LogCase segment, Products products, Trace trace, int row, String what) {
    CheckReport report = Checked.report(segment, products);
    assertThat(report.accepted()).as(what).isFalse();
    assertThat(AirChecker.failures(segment, products)).as(what).isNotEmpty();
    assertThat(report.failures())
        .as("%s: %s row %d is named", what, trace.name(), row)
        .anyMatch(
            failure ->
                (failure.place().equals(Checked.place(trace)) && failure.row() == row)
                    || (failure.message() != null
                        && failure.message().sources().stream()
                            .anyMatch(
                                source ->
                                    source.place().equals(Checked.place(trace))
                                        && source.row() == row)));
  }

  @ParameterizedTest
  @MethodSource("padded")
  void aDroppedRowIsFound(LogCase segment) {
    Products products = produce(segment);
    for (Trace trace : products.airs()) {
      for (int row = 0; row < trace.usedRows(); row++) {
        int[] old = row(trace, row);
        set(trace, row, new int[trace.width()]);
        CheckReport report = Checked.report(segment, products);
        assertThat(report.accepted()).as("%s row %d", trace.name(), row).isFalse();
        assertThat(report.failures()).anyMatch(f -> f.kind() == CheckFailure.Kind.BUS);
        assertThat(AirChecker.failures(segment, products)).isNotEmpty();
        set(trace, row, old);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("padded")
  void aDoubledRowIsFound(LogCase segment) {
    Products products = produce(segment);
    for (int air = 0; air < products.airs().size(); air++) {
      Trace trace = products.airs().get(air);
      int free = (int) trace.usedRows();
      if (free == 0 || free >= trace.height()) {
        continue;
      }
      int[] padding = row(trace, free);
      for (int row = 0; row < free; row++) {
        set(trace, free, row(trace, row));
        Trace longer =
            new Trace(
                trace.name(),
                trace.width(),
                trace.cells(),
                trace.usedRows() + 1,
                trace.logOrderRows(),
                trace.publicValues());
        List<Trace> airs = new ArrayList<>(products.airs());
        airs.set(air, longer);
        Products doubled = with(products, airs);
        assertRejected(segment, doubled, trace, free, "doubled " + trace.name() + " row " + row);
      }
      set(trace, free, padding);
    }
  }

  private static Products with(Products products, List<Trace> airs) {
    return new Products(
        airs,
        products.records(),
        products.aux(),
        products.rangeCounts(),
        products.rangeCountsWithAux(),
        products.poseidon2Inputs(),
        products.poseidon2(),
        products.finalMemory(),
        products.endTimestamp());
  }

  /** Swaps a column of two rows of every memory AIR, wherever it differs. */
  private static void assertSwapsFound(LogCase segment, String column) {
    Products products = produce(segment);
    int swaps = 0;
    for (Trace trace : products.airs()) {
      int at = columns(segment, trace).indexOf(column);
      for (int a = 0; at >= 0 && a < trace.usedRows(); a++) {
        for (int b = a + 1; b < trace.usedRows(); b++) {
          int[] cells = trace.cells();
          int first = a * trace.width() + at;
          int second = b * trace.width() + at;
          if (cells[first] != cells[second]) {
            swap(cells, first, second);
            assertRejected(segment, products, trace, a, column + " of rows " + a + " and " + b);
            swap(cells, first, second);
            swaps++;
          }
        }
      }
    }
    assertThat(swaps).isPositive();
  }

  private static void swap(int[] cells, int a, int b) {
    int old = cells[a];
    cells[a] = cells[b];
    cells[b] = old;
  }

  @Test
  void swappedTimestampsAreFound() {
    assertSwapsFound(rich(false), "final_timestamp");
    assertSwapsFound(rich(true), "timestamp");
    assertSwapsFound(rich(true), "left_timestamp");
  }

  @ParameterizedTest
  @MethodSource("padded")
  void aBlockShiftedByACellIsFound(LogCase segment) {
    Products products = produce(segment);
    int shifts = 0;
    for (Trace trace : products.airs()) {
      int pointer = columns(segment, trace).indexOf("pointer");
      for (int row = 0; pointer >= 0 && row < trace.usedRows(); row++) {
        trace.cells()[row * trace.width() + pointer]++;
        assertRejected(segment, products, trace, row, "shifted row " + row);
        trace.cells()[row * trace.width() + pointer]--;
        shifts++;
      }
    }
    assertThat(shifts).isPositive();
  }

  @Test
  void aStaleValueWithAValidTimestampIsFound() {
    // Entry 2 reads cells 1 and 2 after entry 0 wrote 2 and 3 there; it is given the zeros before.
    for (LogCase segment : List.of(rich(false), rich(true))) {
      Products products = produce(segment);
      int at = 12 + 5; // behind the records of a write of 4 and of an immediate
      assertThat(Arrays.copyOfRange(products.records(), at, at + 6)).startsWith(2).endsWith(2, 3);
      products.records()[at + 4] = 0;
      products.records()[at + 5] = 0;
      List<CheckFailure> failures = Checked.report(segment, products).failures();
      assertThat(failures.getFirst())
          .hasToString("log entry 2: record: data: is [0, 0], memory holds [2, 3]");
      Set<String> left = new HashSet<>();
      for (CheckFailure failure : failures) {
        if (failure.message() != null) {
          left.add(failure.toString());
        }
      }
      assertThat(left)
          .anyMatch(
              text ->
                  text.startsWith(
                          "bus memory: message (address space 1, pointer 1, values [0, 0], timestamp ")
                      && text.contains("log entry 2: access, state"));
    }
  }

  // ------------------------------------------------------------------ what no constraint says

  private static Trace said(Trace trace, long usedRows, long logOrderRows) {
    return new Trace(
        trace.name(), trace.width(), trace.cells(), usedRows, logOrderRows, trace.publicValues());
  }

  /** Asserts that all failures are of a rule that is no constraint, and what the first one says. */
  private static void assertOnlyRule(
      LogCase segment, Products products, String rule, String... text) {
    List<CheckFailure> failures = Checked.report(segment, products).failures();
    assertThat(failures)
        .isNotEmpty()
        .allMatch(failure -> failure.kind() == CheckFailure.Kind.RULE)
        .anyMatch(failure -> failure.rule().equals(rule));
    assertThat(AirChecker.failures(segment, products)).as("constraints").isEmpty();
    assertThat(failures.stream().map(CheckFailure::toString).toList().toString()).contains(text);
  }

  @ParameterizedTest
  @MethodSource("padded")
  void numbersOfRowsAreThoseOfTheLog(LogCase segment) {
    Products products = produce(segment);
    for (int air = 0; air < products.airs().size(); air++) {
      Trace trace = products.airs().get(air);
      List<Trace> airs = new ArrayList<>(products.airs());
      for (int off = -1; off <= 1; off += 2) {
        airs.set(air, said(trace, trace.usedRows(), trace.logOrderRows() + 2L * off));
        if (trace.logOrderRows() + 2L * off >= 0) {
          String is = "is " + (trace.logOrderRows() + 2L * off);
          assertOnlyRule(
              segment,
              with(products, airs),
              "log_order_rows",
              is + ", should be " + trace.logOrderRows());
        }
        airs.set(air, said(trace, trace.usedRows() + off, trace.logOrderRows()));
        assertThat(Checked.report(segment, with(products, airs)).failures())
            .as("%s says %d rows too many", trace.name(), off)
            .anyMatch(failure -> failure.rule().equals("used_rows"));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("padded")
  void rowsOfTheLogInAnotherOrderAreFound(LogCase segment) {
    Products products = produce(segment);
    int swaps = 0;
    for (Trace trace : products.airs()) {
      if (!trace.name().startsWith("AccessAdapter")) {
        continue;
      }
      for (int row = 0; row + 1 < trace.usedRows(); row++) {
        int[] first = row(trace, row);
        int[] second = row(trace, row + 1);
        set(trace, row, second);
        set(trace, row + 1, first);
        if (row < trace.logOrderRows() && !Arrays.equals(first, second)) {
          assertOnlyRule(segment, products, "order of rows", trace.name() + " row " + row);
          swaps++;
        } else {
          // What the finalisation makes may come in any order.
          assertThat(Checked.report(segment, products).failures()).isEmpty();
        }
        set(trace, row, first);
        set(trace, row + 1, second);
      }
    }
    assertThat(swaps).isPositive();
  }

  @ParameterizedTest
  @MethodSource("padded")
  void aUsedRowBehindPaddingIsFound(LogCase segment) {
    Products products = produce(segment);
    int moved = 0;
    for (Trace trace : products.airs()) {
      boolean adapter = trace.name().startsWith("AccessAdapter");
      int last = (int) trace.usedRows() - 1;
      if (adapter && last >= 0 && last + 2 < trace.height()) {
        int[] row = row(trace, last);
        set(trace, last + 2, row);
        set(trace, last, new int[trace.width()]);
        assertOnlyRule(
            segment,
            products,
            "used rows",
            trace.name() + " row " + last,
            last + " of " + (last + 1) + " used rows are in front");
        set(trace, last, row);
        set(trace, last + 2, new int[trace.width()]);
        moved++;
      }
    }
    assertThat(moved).isPositive();
  }

  @Test
  void pairsAndNodesInAnotherOrderAreFound() {
    LogCase segment = rich(true);
    Products products = produce(segment);
    Trace boundary = products.air("Boundary");
    int[] first = row(boundary, 0);
    int[] second = row(boundary, 1);
    set(boundary, 0, second);
    set(boundary, 1, first);
    assertOnlyRule(segment, products, "order of rows", "Boundary row 0", "directly before");
    set(boundary, 0, first);
    set(boundary, 1, second);
    Trace merkle = products.air("Merkle");
    for (int row = 2; row + 3 < merkle.usedRows(); row += 2) {
      if (merkle.at(row, 2) == merkle.at(row + 2, 2)) { // two nodes of a level
        for (int i = 0; i < 2; i++) {
          int[] left = row(merkle, row + i);
          set(merkle, row + i, row(merkle, row + 2 + i));
          set(merkle, row + 2 + i, left);
        }
        assertOnlyRule(
            segment, products, "order of rows", "Merkle row " + (row + 2), "left to the right");
        return;
      }
    }
    throw new AssertionError("no level has two nodes");
  }

  @Test
  void paddingOfAnotherInputThanZerosIsFound() {
    LogCase segment = rich(true);
    Products products = produce(segment);
    for (Trace trace : products.poseidon2()) {
      int padding = (int) trace.usedRows();
      assertThat(padding).isLessThan(trace.height());
      int[] zeros = row(trace, padding);
      int[] other = row(trace, 0);
      other[trace.width() - 1] = 0; // asked for by nobody
      set(trace, padding, other);
      List<CheckFailure> failures = Checked.report(segment, products).failures();
      assertThat(failures).singleElement().asString().contains("another input than zeros");
      assertThat(failures.getFirst().row()).isEqualTo(padding);
      set(trace, padding, zeros);
    }
  }

  @Test
  void aChunkThatNoAccessTouchedIsFound() {
    LogCase segment = rich(true);
    Products products = produce(segment);
    List<MemoryLogEntry> more = new ArrayList<>(segment.log());
    more.add(new MemoryLogEntry.Read(1, segment.config().addressSpaceSize() - 8, 8));
    Products touched =
        produce(
            new LogCase(
                segment.name(),
                segment.mode(),
                segment.config(),
                segment.initial(),
                more,
                segment.minimumHeights()));
    List<Trace> airs = new ArrayList<>(products.airs());
    // Boundary and tree with one chunk more, at time 0 as the others: all constraints hold.
    Trace boundary = touched.airs().get(0);
    for (int row = 0; row < boundary.usedRows(); row++) {
      int time = row * boundary.width() + 19;
      if (boundary.cells()[time] == touched.endTimestamp() - 1) {
        boundary.cells()[time] = 0;
      }
    }
    airs.set(0, boundary);
    airs.set(1, touched.airs().get(1));
    List<CheckFailure> failures =
        Checked.report(
                segment,
                new Products(
                    airs,
                    products.records(),
                    products.aux(),
                    products.rangeCounts(),
                    products.rangeCountsWithAux(),
                    touched.poseidon2Inputs(),
                    touched.poseidon2(),
                    products.finalMemory(),
                    products.endTimestamp()))
            .failures();
    assertThat(failures)
        .hasSizeGreaterThanOrEqualTo(2)
        .allMatch(failure -> failure.kind() == CheckFailure.Kind.RULE)
        .allMatch(
            failure ->
                failure.rule().equals("used_rows") || failure.rule().equals("log_order_rows"));
  }

  // ------------------------------------------------------------------ roots and buses

  @Test
  void aWrongRootIsFoundEvenIfTheTraceClaimsIt() {
    LogCase segment = rich(true);
    Products products = produce(segment);
    Trace merkle = products.air("Merkle");
    for (int root = 0; root < 2; root++) {
      merkle.publicValues()[8 * root] ^= 1;
      merkle.cells()[root * merkle.width() + 6] ^= 1;
      List<CheckFailure> failures = Checked.report(segment, products).failures();
      String which = root == 0 ? "initial root" : "final root";
      assertThat(failures).anyMatch(failure -> failure.rule().equals(which));
      int row = root;
      assertThat(failures)
          .anyMatch(
              failure ->
                  failure.message() != null
                      && failure.message().sources().stream()
                          .anyMatch(
                              source -> source.place().equals("Merkle") && source.row() == row));
      merkle.publicValues()[8 * root] ^= 1;
      merkle.cells()[root * merkle.width() + 6] ^= 1;
    }
  }

  @Test
  void labelsShiftedInTheWholeTreeAreFound() {
    LogCase segment = rich(true);
    Products products = produce(segment);
    Trace merkle = products.air("Merkle");
    Trace boundary = products.air("Boundary");
    int height = segment.config().dimensions().overallHeight();
    int addressHeight = segment.config().dimensions().addressHeight();
    for (int row = 0; row < merkle.usedRows(); row++) {
      int at = row * merkle.width();
      merkle.cells()[at + 4] += 1 << (height - Math.max(merkle.cells()[at + 2], addressHeight));
    }
    List<CheckFailure> ruled = Checked.report(segment, products).failures();
    assertThat(ruled)
        .anyMatch(
            failure ->
                failure.rule().equals("rule: the as_label of a root is 0") && failure.row() == 0);
    assertThat(boundary.usedRows()).isPositive();
  }

  @Test
  void busesThatShareRequestsAreNamedApart() {
    LogCase segment = rich(true);
    Products products = produce(segment);
    for (int registers = 0; registers < 2; registers++) {
      Trace trace = products.poseidon2().get(registers);
      trace.cells()[(registers + 1) * trace.width() - 1]++; // mult of row 0, and of row 1
    }
    List<CheckFailure> failures = Checked.report(segment, products).failures();
    assertThat(failures).hasSize(4).allMatch(failure -> failure.kind() == CheckFailure.Kind.BUS);
    for (CheckFailure failure : failures) {
      String registers = failure.place().contains("(0 S-box") ? "0" : "1";
      assertThat(failure.toString())
          .contains("Poseidon2Periphery (" + registers + " S-box registers) row " + registers);
    }
  }

  @Test
  void whatIsMissingIsNamedAsNotChecked() {
    LogCase segment = rich(true);
    CheckReport report = TraceChecker.of(segment.mode(), segment.config()).check();
    assertThat(report.accepted()).isTrue();
    assertThat(report.checked()).isEmpty();
    assertThat(report.notChecked())
        .containsExactly(
            "memory AIRs: no trace was given",
            "records and memory: no log was given",
            "bus range: no counts were given",
            "bus range, accesses included: no counts were given");
  }
}
