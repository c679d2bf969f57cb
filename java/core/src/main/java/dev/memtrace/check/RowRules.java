// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.Air;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.check.CheckFailure.Cell;
import dev.memtrace.check.CheckFailure.Kind;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.log.AccessLog;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the format says of the rows of a segment and no constraint does: how many there are, and the
 * order of those that every producer must have in the same order.
 */
final class RowRules {
  private static final String ORDER = "order of rows";

  /**
   * A memory trace that can be judged.
   *
   * @param air its AIR
   * @param source the trace
   * @param usedRows rows before padding, as the producer says
   * @param logOrderRows rows whose order is fixed, as the producer says; negative if he does not
   */
  record Judged(Air air, TraceSource source, long usedRows, long logOrderRows) {
    String place() {
      return air.name();
    }
  }

  private final TraceChecker given;
  private final AccessLog log;
  private final Runner runner;
  private final Adapter[] adapters;

  /** Whether the rows are those of the log itself, not of the finalisation pass. */
  private boolean inLog = true;

  /** The rows of one adapter as the log goes on. */
  private static final class Adapter {
    private final Rows rows;
    private final int n;
    private long made;
    private boolean wrong;

    Adapter(Rows rows, int n) {
      this.rows = rows;
      this.n = n;
    }
  }

  private RowRules(TraceChecker given, AccessLog log, Runner runner) {
    this.given = given;
    this.log = log;
    this.runner = runner;
    this.adapters = new Adapter[given.config.adapterCount()];
  }

  /**
   * Judges the memory traces of a segment. Their adapters are opened together.
   *
   * @param given what is checked
   * @param log its log
   * @param traces traces that can be used
   * @param runner receives the failures
   * @param afterSegment is called after each part of the log
   */
  static void check(
      TraceChecker given,
      AccessLog log,
      List<Judged> traces,
      Runner runner,
      Runnable afterSegment) {
    new RowRules(given, log, runner).run(traces, afterSegment);
  }

  private void run(List<Judged> traces, Runnable afterSegment) {
    List<Runnable> closing = new ArrayList<>();
    try (BlockReplay blocks =
        new BlockReplay(given.mode, given.config, given.pool, this::adapterRow)) {
      for (Judged trace : traces) {
        if (trace.air() instanceof AccessAdapterAir air) {
          int i = Integer.numberOfTrailingZeros(air.blockSize()) - 1;
          adapters[i] = new Adapter(open(trace, closing), air.blockSize());
        }
      }
      blocks.run(log, afterSegment);
      long[] fromLog =
          Arrays.stream(adapters)
              .mapToLong(adapter -> adapter == null ? 0 : adapter.made)
              .toArray();
      inLog = false;
      blocks.finish();
      for (Judged trace : traces) {
        judge(trace, blocks, fromLog);
      }
    } finally {
      closing.reversed().forEach(Runnable::run);
    }
  }

  private Rows open(Judged trace, List<Runnable> closing) {
    TraceMatrix matrix = trace.source().open();
    closing.add(() -> trace.source().release(matrix));
    Rows.Borrowed borrowed = Rows.of(matrix, given.pool);
    closing.add(borrowed::close);
    return borrowed.rows();
  }

  // ------------------------------------------------------------------ adapters

  private void adapterRow(boolean split, int logSize, int space, int pointer, int left, int right) {
    Adapter adapter = adapters[logSize - 1];
    if (adapter == null) {
      return;
    }
    long row = adapter.made++;
    if (!inLog || adapter.wrong || row >= adapter.rows.height()) {
      return; // the number of rows is judged at the end
    }
    int n = adapter.n;
    int[] columns = {
      AccessAdapterAir.IS_SPLIT,
      AccessAdapterAir.SPACE,
      AccessAdapterAir.POINTER,
      AccessAdapterAir.leftTimestamp(n),
      AccessAdapterAir.rightTimestamp(n)
    };
    int[] want = {split ? 1 : 0, space, pointer, left, right};
    for (int i = 0; i < want.length; i++) {
      if (adapter.rows.get(row, columns[i]) != want[i]) {
        adapter.wrong = true;
        AccessAdapterAir air = new AccessAdapterAir(n);
        fail(
            air.name(),
            row,
            ORDER,
            cells(air, adapter.rows, row, columns),
            "the log makes the %s at (%d, %d) with timestamps %d and %d here"
                .formatted(split ? "split" : "merge", space, pointer, left, right));
        return;
      }
    }
  }

  // ------------------------------------------------------------------ numbers of rows

  private void judge(Judged trace, BlockReplay blocks, long[] fromLog) {
    switch (trace.air()) {
      case AccessAdapterAir air -> {
        int i = Integer.numberOfTrailingZeros(air.blockSize()) - 1;
        Adapter adapter = adapters[i];
        requireNumbers(trace, adapter == null ? 0 : adapter.made, fromLog[i]);
      }
      case PersistentBoundaryAir _ -> {
        requireNumbers(trace, 2 * blocks.touchedCells() / MemoryConfig.CHUNK, 0);
        requireOrder(trace);
      }
      case MerkleAir _ -> {
        requireNumbers(trace, 2 * touchedNodes(blocks), trace.source().height());
        requireOrder(trace);
      }
      default -> requireNumbers(trace, blocks.touchedCells(), trace.source().height());
    }
  }

  /** Nodes above the leaves that are ancestors of touched chunks; the leftmost path if none is. */
  private long touchedNodes(BlockReplay blocks) {
    MemoryDimensions dimensions = given.config.dimensions();
    long[] nodes = {dimensions.overallHeight()};
    long[] before = {-1};
    blocks.forEachTouched(
        (space, pointer) -> {
          long leaf = dimensions.leafIndex(space, pointer / MemoryConfig.CHUNK);
          if (before[0] >= 0) {
            // As many ancestors are new as there are bits above the lowest that differ.
            nodes[0] += Long.SIZE - 1 - Long.numberOfLeadingZeros(leaf ^ before[0]);
          }
          before[0] = leaf;
        });
    return nodes[0];
  }

  private void requireNumbers(Judged trace, long used, long logOrder) {
    if (trace.usedRows() != used) {
      String detail = "is %d, the log makes %d".formatted(trace.usedRows(), used);
      fail(trace.place(), -1, "used_rows", List.of(), detail);
    }
    if (trace.logOrderRows() >= 0 && trace.logOrderRows() != logOrder) {
      String detail = "is %d, should be %d".formatted(trace.logOrderRows(), logOrder);
      fail(trace.place(), -1, "log_order_rows", List.of(), detail);
    }
  }

  // ------------------------------------------------------------------ pairs of rows

  /** What a pair of an initial and a final row stands for. */
  private record Place(int level, int space, int label) {
    static Place of(Rows rows, long row, int[] columns) {
      return new Place(
          columns.length < 3 ? 0 : rows.get(row, columns[2]),
          rows.get(row, columns[0]),
          rows.get(row, columns[1]));
    }

    /** Whether a node is further down, or on the right. */
    boolean isBefore(Place next) {
      return level != next.level
          ? level > next.level
          : space != next.space ? space < next.space : label < next.label;
    }
  }

  /** Demands initial and final rows in pairs; those of the tree from the top, left to right. */
  private void requireOrder(Judged trace) {
    boolean tree = trace.air() instanceof MerkleAir;
    int[] columns =
        tree
            ? new int[] {MerkleAir.AS_LABEL, MerkleAir.ADDRESS_LABEL, MerkleAir.PARENT_HEIGHT}
            : new int[] {PersistentBoundaryAir.SPACE, PersistentBoundaryAir.LABEL};
    int direction = tree ? MerkleAir.EXPAND_DIRECTION : PersistentBoundaryAir.EXPAND_DIRECTION;
    List<Runnable> closing = new ArrayList<>();
    try {
      Rows rows = open(trace, closing);
      long end = Math.min(trace.usedRows(), rows.height() & -2);
      Place last = null;
      for (long row = 0; row + 1 < end; row += 2) {
        Place place = Place.of(rows, row, columns);
        boolean pair =
            rows.get(row, direction) == 1
                && rows.get(row + 1, direction) != 1
                && place.equals(Place.of(rows, row + 1, columns));
        String wrong =
            !pair
                ? "an initial row comes directly before the final row of the same place"
                : tree && last != null && !last.isBefore(place)
                    ? "nodes come from the top to the bottom, from the left to the right"
                    : null;
        if (wrong != null) {
          fail(trace.place(), row, ORDER, cells(trace.air(), rows, row, columns), wrong);
          return;
        }
        last = place;
      }
    } finally {
      closing.reversed().forEach(Runnable::run);
    }
  }

  private static List<Cell> cells(Air air, Rows rows, long row, int[] columns) {
    List<Cell> cells = new ArrayList<>();
    for (int column : columns) {
      cells.add(new Cell(air.columns().get(column), rows.get(row, column)));
    }
    return cells;
  }

  private void fail(String place, long row, String rule, List<Cell> cells, String detail) {
    CheckFailure failure = new CheckFailure(Kind.RULE, place, row, rule, cells, null, detail);
    runner.failures(place).add(row, rule.hashCode(), () -> failure);
  }
}
