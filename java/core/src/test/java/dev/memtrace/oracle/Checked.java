// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.HostTraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.check.CheckFailure;
import dev.memtrace.check.CheckFailure.Cell;
import dev.memtrace.check.CheckReport;
import dev.memtrace.check.TraceChecker;
import dev.memtrace.check.TraceSource;
import dev.memtrace.check.WordSource;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.oracle.Products.Trace;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SortedMap;

/** Puts products that a test may have damaged before the {@link TraceChecker}. */
final class Checked {
  private static final int INPUT_WORDS = 17;
  static final BufferPool POOL = new BufferPool(1L << 26);

  private Checked() {}

  static CheckReport report(LogCase segment, Products products) {
    return checker(segment, products).check();
  }

  static TraceChecker checker(LogCase segment, Products products) {
    TraceChecker checker =
        TraceChecker.of(segment.mode(), segment.config()).pool(POOL).maxFailures(1000);
    for (Trace trace : products.airs()) {
      checker.air(
          trace.name(),
          source(trace),
          trace.publicValues(),
          trace.usedRows(),
          trace.logOrderRows());
    }
    for (int registers = 0; registers < products.poseidon2().size(); registers++) {
      checker.poseidon2(registers, source(products.poseidon2().get(registers)));
    }
    if (segment.persistent()) {
      checker.poseidon2Inputs(
          source(
              products.poseidon2Inputs(),
              products.poseidon2Inputs().length / INPUT_WORDS,
              INPUT_WORDS));
    }
    AccessLog log = new AccessLog(segment.config().withAccessCapacity(1), POOL);
    segment.log().forEach(log::append);
    AddressMap last = new AddressMap(segment.config());
    products
        .finalMemory()
        .forEach((cell, value) -> last.set(Cells.space(cell), Cells.pointer(cell), value));
    return checker
        .log(log)
        .initialMemory(segment.initialImage())
        .finalMemory(last)
        .records(words(products.records()))
        .auxColumns(words(products.aux()))
        .rangeCounts(table(segment, products.rangeCounts()))
        .rangeCountsWithAux(table(segment, products.rangeCountsWithAux()))
        .endTimestamp(products.endTimestamp());
  }

  private static WordSource words(int[] words) {
    return WordSource.of(MemorySegment.ofArray(words), words.length);
  }

  private static TraceSource source(Trace trace) {
    return source(trace.cells(), trace.height(), trace.width());
  }

  private static TraceSource source(int[] cells, int height, int width) {
    MemorySegment buffer = MemorySegment.ofArray(cells.clone());
    return TraceSource.of(
        new HostTraceMatrix(
            POOL, buffer, height, width, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL));
  }

  private static int[] table(LogCase segment, SortedMap<Integer, Integer> counts) {
    int[] table = new int[2 << segment.config().rangeMaxBits()];
    counts.forEach((row, count) -> table[row] = count);
    return table;
  }

  /** What the checker calls a trace. */
  static String place(Trace trace) {
    return trace.name().startsWith("Poseidon2")
        ? "Poseidon2Periphery (" + trace.name().charAt(15) + " S-box registers)"
        : trace.name();
  }

  /** Whether a failure names a cell of a trace: its row with its column, or with its message. */
  static boolean names(List<? extends CheckFailure> failures, Trace trace, int row, String column) {
    String place = place(trace);
    int before = row == 0 ? trace.height() - 1 : row - 1;
    for (CheckFailure failure : failures) {
      boolean here = failure.place().equals(place) && failure.row() == row;
      boolean above = failure.place().equals(place) && failure.row() == before;
      for (Cell cell : failure.cells()) {
        if ((here && cell.column().equals(column))
            || (above && cell.column().equals("next " + column))) {
          return true;
        }
      }
      if (failure.message() != null
          && failure.message().sources().stream()
              .anyMatch(
                  source ->
                      source.place().equals(place)
                          && (source.row() == row || source.row() == before))) {
        return true;
      }
    }
    return false;
  }

  /** Whether a failure names a log entry, or a message of it. */
  static boolean namesEntry(List<CheckFailure> failures, long id) {
    return failures.stream()
        .anyMatch(
            failure ->
                (failure.place().equals("log") && failure.row() == id)
                    || (failure.message() != null
                        && failure.message().sources().stream()
                            .anyMatch(
                                source -> source.place().equals("log") && source.row() == id)));
  }
}
