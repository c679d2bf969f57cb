// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.analysis.AccessAnalysis;
import dev.memtrace.analysis.AccessShape;
import dev.memtrace.analysis.AdapterCause;
import dev.memtrace.analysis.CellRange;
import dev.memtrace.analysis.HeatMap;
import dev.memtrace.analysis.HotCell;
import dev.memtrace.analysis.ShapeCount;
import dev.memtrace.analysis.Timeline;
import dev.memtrace.analysis.TraceCost;
import dev.memtrace.analysis.TraceCosts;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The analysis of random logs against the slow replay, with what each row is due to. */
class AccessAnalysisOracleTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_261_123L);
  private static final int CASES = 150;
  private static final int PLACE = 256;

  /** A pair of shapes. */
  private record Cause(AccessShape access, AccessShape before) {}

  /** What the slow replay says about one log. */
  private static final class Expected {
    final ReplayOracle replay;
    final Map<Cause, long[]> rows = new HashMap<>();
    final Map<Cause, Map<CellRange, Long>> places = new HashMap<>();
    final Map<Long, Long> accesses = new HashMap<>();
    final List<Long> adapterCells = new ArrayList<>();
    final List<Long> newChunks = new ArrayList<>();
    final List<Long> newPages = new ArrayList<>();
    private final Map<Long, AccessShape> last = new HashMap<>();
    private final Set<Long> chunks = new HashSet<>();
    private final Set<Long> pages = new HashSet<>();
    private final int adapters;
    private int seen;

    Expected(LogCase segment, List<MemoryLogEntry> log) {
      replay = new ReplayOracle(segment.mode(), segment.config(), segment.initial());
      adapters = segment.config().adapterCount();
      for (MemoryLogEntry entry : log) {
        replay.entry(entry);
        switch (entry) {
          case MemoryLogEntry.Read(int space, int pointer, int n) -> after(space, pointer, n);
          case MemoryLogEntry.Write(int space, int pointer, int[] data) ->
              after(space, pointer, data.length);
          case MemoryLogEntry.IncrementTimestampBy _ -> after(0, 0, 1);
        }
      }
      replay.finish();
      takeRows(AccessShape.FINALISATION);
    }

    private void after(int space, int pointer, int n) {
      AccessShape shape = new AccessShape(n, pointer % n);
      adapterCells.add(takeRows(shape));
      long chunksBefore = chunks.size();
      long pagesBefore = pages.size();
      for (int i = 0; i < n && space != 0; i++) {
        long cell = Cells.key(space, pointer + i);
        last.put(cell, shape);
        accesses.merge(cell, 1L, Long::sum);
        chunks.add(Cells.key(space, (pointer + i) / 8));
        pages.add(Cells.key(space, (pointer + i) / 4096));
      }
      newChunks.add(chunks.size() - chunksBefore);
      newPages.add(pages.size() - pagesBefore);
    }

    private AccessShape last(int space, int pointer) {
      return last.getOrDefault(Cells.key(space, pointer), AccessShape.UNTOUCHED);
    }

    private long takeRows(AccessShape shape) {
      long cells = 0;
      for (; seen < replay.emitted().size(); seen++) {
        ReplayOracle.AdapterRecord row = replay.emitted().get(seen);
        AccessShape before = last(row.space(), row.pointer());
        boolean isBlameless = before.equals(shape) || before.equals(AccessShape.UNTOUCHED);
        if (!row.split() && isBlameless) {
          before = last(row.space(), row.pointer() + row.n() / 2);
        }
        Cause cause = new Cause(shape, before);
        long width = AccessAdapterAir.width(row.n());
        rows.computeIfAbsent(cause, _ -> new long[adapters])[
            Integer.numberOfTrailingZeros(row.n()) - 1]++;
        int first = row.pointer() / PLACE * PLACE;
        places
            .computeIfAbsent(cause, _ -> new HashMap<>())
            .merge(new CellRange(row.space(), first, first + PLACE - 1), width, Long::sum);
        cells += width;
      }
      return cells;
    }
  }

  private static AccessAnalysis analyse(LogCase segment) {
    AccessLog log = new AccessLog(segment.config());
    try {
      segment.log().forEach(log::append);
      log.seal();
      return AccessAnalysis.of(segment.mode(), log, _ -> {});
    } finally {
      log.release();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13})
  void agreesWithTheSlowReplay(int shard) {
    for (int i = shard * CASES; i < (shard + 1) * CASES; i++) {
      LogCase segment = RandomLogs.of(SEED, i);
      check(segment, analyse(segment));
    }
  }

  private static void check(LogCase segment, AccessAnalysis analysis) {
    String name = segment.describe() + ", seed " + SEED;
    Expected want = new Expected(segment, segment.log());
    assertThat(rows(analysis.costs())).as(name).isEqualTo(rows(SegmentOracle.products(segment)));
    assertThat(analysis.costs().touchedChunks()).as(name).isEqualTo(want.chunks.size());
    checkCauses(name, want, analysis);
    checkAligned(name, segment, analysis);
    checkCourse(name, segment, want, analysis);
    checkShapes(name, segment, analysis);
    checkRangeChecks(name, segment, analysis);
    List<HotCell> hottest =
        want.accesses.entrySet().stream()
            .map(e -> new HotCell(Cells.space(e.getKey()), Cells.pointer(e.getKey()), e.getValue()))
            .sorted(
                Comparator.comparingLong(HotCell::accesses)
                    .reversed()
                    .thenComparingInt(HotCell::addressSpace)
                    .thenComparingInt(HotCell::pointer))
            .limit(16)
            .toList();
    assertThat(analysis.hotCells()).as(name).isEqualTo(hottest);
  }

  private static Map<String, Long> rows(TraceCosts costs) {
    Map<String, Long> rows = new LinkedHashMap<>();
    for (TraceCost air : costs.airs()) {
      rows.put(air.name() + " of " + air.width(), air.rows());
      assertThat(air.cells()).isEqualTo(air.width() * air.height());
      assertThat(air.usedCells()).isEqualTo(air.width() * air.rows());
    }
    return rows;
  }

  private static Map<String, Long> rows(Products products) {
    Map<String, Long> rows = new LinkedHashMap<>();
    products.airs().forEach(air -> rows.put(air.name() + " of " + air.width(), air.usedRows()));
    return rows;
  }

  private static void checkCauses(String name, Expected want, AccessAnalysis analysis) {
    Map<Cause, List<Long>> wanted = new HashMap<>();
    want.rows.forEach(
        (cause, rows) -> {
          List<Long> list = new ArrayList<>();
          for (long count : rows) {
            list.add(count);
          }
          wanted.put(cause, list);
        });
    Map<Cause, List<Long>> got = new HashMap<>();
    long previous = Long.MAX_VALUE;
    for (AdapterCause cause : analysis.adapterCauses()) {
      Cause pair = new Cause(cause.access(), cause.before());
      got.put(pair, cause.rows());
      assertThat(cause.cells()).as(name).isLessThanOrEqualTo(previous);
      previous = cause.cells();
      Map<CellRange, Long> places = want.places.getOrDefault(pair, Map.of());
      assertThat(cause.cells())
          .as(name)
          .isEqualTo(places.values().stream().mapToLong(Long::longValue).sum());
      List<AdapterCause.Place> most =
          places.entrySet().stream()
              .map(place -> new AdapterCause.Place(place.getKey(), place.getValue()))
              .sorted(
                  Comparator.comparingLong(AdapterCause.Place::cells)
                      .reversed()
                      .thenComparingInt(place -> place.range().addressSpace())
                      .thenComparingInt(place -> place.range().first()))
              .limit(3)
              .toList();
      assertThat(cause.places()).as(name).isEqualTo(most);
    }
    assertThat(got).as(name).isEqualTo(wanted);
  }

  private static void checkAligned(String name, LogCase segment, AccessAnalysis analysis) {
    List<MemoryLogEntry> aligned = new ArrayList<>();
    for (MemoryLogEntry entry : segment.log()) {
      aligned.add(
          switch (entry) {
            case MemoryLogEntry.Read(int space, int pointer, int n) when space != 0 ->
                new MemoryLogEntry.Read(space, pointer - pointer % n, n);
            case MemoryLogEntry.Write(int space, int pointer, int[] data) ->
                new MemoryLogEntry.Write(space, pointer - pointer % data.length, data);
            default -> entry;
          });
    }
    LogCase other =
        new LogCase(
            segment.name(),
            segment.mode(),
            segment.config(),
            segment.initial(),
            aligned,
            segment.minimumHeights());
    assertThat(rows(analysis.alignedCosts()))
        .as(name)
        .isEqualTo(rows(SegmentOracle.products(other)));
  }

  private static void checkCourse(
      String name, LogCase segment, Expected want, AccessAnalysis analysis) {
    Timeline timeline = analysis.timeline();
    HeatMap map = analysis.heatMap();
    int entries = segment.log().size();
    int parts = timeline.accesses().size();
    assertThat(parts).as(name).isBetween(1, 160).isEqualTo(map.parts());
    assertThat(parts * timeline.entriesPerPart()).as(name).isGreaterThanOrEqualTo(entries);
    long[] accesses = new long[parts];
    Map<Integer, long[]> byPlace = new TreeMap<>();
    for (int i = 0; i < entries; i++) {
      int part = (int) (i / timeline.entriesPerPart());
      int space = 0;
      int pointer = 0;
      if (segment.log().get(i) instanceof MemoryLogEntry.Read read) {
        space = read.addressSpace();
        pointer = read.pointer();
      } else if (segment.log().get(i) instanceof MemoryLogEntry.Write write) {
        space = write.addressSpace();
        pointer = write.pointer();
      }
      if (space != 0) {
        accesses[part]++;
        byPlace.computeIfAbsent(place(map, space, pointer), _ -> new long[parts])[part]++;
      }
    }
    for (int part = 0; part < parts; part++) {
      int from = (int) Math.min(entries, part * timeline.entriesPerPart());
      int to = (int) Math.min(entries, (part + 1) * timeline.entriesPerPart());
      assertThat(timeline.accesses().get(part)).as(name).isEqualTo(accesses[part]);
      assertThat(timeline.adapterCells().get(part))
          .as(name)
          .isEqualTo(sum(want.adapterCells.subList(from, to)));
      assertThat(timeline.newChunks().get(part))
          .as(name)
          .isEqualTo(sum(want.newChunks.subList(from, to)));
      assertThat(timeline.newPages().get(part))
          .as(name)
          .isEqualTo(sum(want.newPages.subList(from, to)));
      for (int place = 0; place < map.places().size(); place++) {
        long[] wanted = byPlace.getOrDefault(place, new long[parts]);
        assertThat(map.accesses(place, part)).as(name).isEqualTo(wanted[part]);
      }
    }
    assertThat(map.places().size()).as(name).isLessThanOrEqualTo(96);
  }

  /** The last row that does not begin behind a cell. */
  private static int place(HeatMap map, int space, int pointer) {
    int found = -1;
    for (int i = 0; i < map.places().size(); i++) {
      CellRange range = map.places().get(i);
      if (Cells.key(range.addressSpace(), range.first()) <= Cells.key(space, pointer)) {
        found = i;
      }
    }
    return found;
  }

  private static long sum(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).sum();
  }

  private static void checkShapes(String name, LogCase segment, AccessAnalysis analysis) {
    Map<String, Long> wanted = new TreeMap<>();
    long immediates = 0;
    for (MemoryLogEntry entry : segment.log()) {
      if (entry instanceof MemoryLogEntry.Read(int space, int pointer, int n)) {
        if (space == 0) {
          immediates++;
        } else {
          wanted.merge("read %d %d %d".formatted(space, n, pointer % n), 1L, Long::sum);
        }
      } else if (entry instanceof MemoryLogEntry.Write(int space, int pointer, int[] data)) {
        int n = data.length;
        wanted.merge("write %d %d %d".formatted(space, n, pointer % n), 1L, Long::sum);
      }
    }
    Map<String, Long> got = new TreeMap<>();
    for (ShapeCount count : analysis.shapes()) {
      AccessShape shape = count.shape();
      String rest = " %d %d %d".formatted(count.addressSpace(), shape.size(), shape.offset());
      got.put("read" + rest, count.reads());
      got.put("write" + rest, count.writes());
    }
    got.values().removeIf(count -> count == 0);
    assertThat(got).as(name).isEqualTo(wanted);
    assertThat(analysis.immediates()).as(name).isEqualTo(immediates);
  }

  private static void checkRangeChecks(String name, LogCase segment, AccessAnalysis analysis) {
    Products products = SegmentOracle.products(segment);
    long alone = products.rangeCounts().values().stream().mapToLong(Integer::toUnsignedLong).sum();
    long all =
        products.rangeCountsWithAux().values().stream().mapToLong(Integer::toUnsignedLong).sum();
    assertThat(analysis.rangeChecks().boundary() + analysis.rangeChecks().adapters())
        .as(name)
        .isEqualTo(alone);
    assertThat(analysis.rangeChecks().all()).as(name).isEqualTo(all);
  }
}
