// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.oracle.Products.Trace;
import dev.memtrace.oracle.ReplayOracle.Access;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The worked examples of spec/replay.md, section 6, literally: oracle and production. */
class WorkedExamplesTest {
  private static final TraceBackend BACKEND = TraceBackends.sharedCpu();

  /** One line of a table: an entry and what it does. */
  private record Step(MemoryLogEntry entry, int prev, List<String> records, String blocks) {}

  private static final MemoryLogEntry.IncrementTimestampBy BY_FIVE =
      new MemoryLogEntry.IncrementTimestampBy(5);

  private static MemoryLogEntry read(int space, int pointer, int n) {
    return new MemoryLogEntry.Read(space, pointer, n);
  }

  private static MemoryLogEntry write(int space, int pointer, int... data) {
    return new MemoryLogEntry.Write(space, pointer, data);
  }

  /** Replays step by step with the oracle, then the whole with the production backend. */
  private static Products check(
      MemoryMode mode, int space, List<Step> steps, List<String> finalisation, String lastBlocks) {
    ReplayOracle oracle = new ReplayOracle(mode, MemoryConfig.defaults(), new TreeMap<>());
    List<String> emitted = new ArrayList<>();
    for (Step step : steps) {
      oracle.entry(step.entry());
      emitted.addAll(step.records());
      assertThat(strings(oracle.emitted())).containsExactlyElementsOf(emitted);
      if (!step.blocks().isEmpty()) {
        assertThat(String.join(" ", strings(oracle.blocks(space)))).isEqualTo(step.blocks());
        Access access = oracle.accesses().getLast();
        assertThat(access.prevTimestamp()).isEqualTo(step.prev());
      }
    }
    oracle.finish();
    emitted.addAll(finalisation);
    assertThat(strings(oracle.emitted())).containsExactlyElementsOf(emitted);
    assertThat(String.join(" ", strings(oracle.blocks(space)))).isEqualTo(lastBlocks);

    List<MemoryLogEntry> log = steps.stream().map(Step::entry).toList();
    LogCase segment =
        new LogCase("example", mode, MemoryConfig.defaults(), new TreeMap<>(), log, List.of());
    Products products = Production.run(segment, BACKEND, Production.Feed.ONLINE);
    for (Trace trace : products.airs()) {
      if (trace.name().startsWith("AccessAdapter<")) {
        int n = trace.width() - 9;
        assertThat(adapterRows(trace))
            .containsExactlyElementsOf(
                emitted.stream().filter(line -> line.startsWith(n + " ")).toList());
        assertThat(trace.logOrderRows())
            .isEqualTo(
                steps.stream()
                    .flatMap(step -> step.records().stream())
                    .filter(line -> line.startsWith(n + " "))
                    .count());
      }
    }
    assertThat(SegmentOracle.products(segment).firstDifference(products)).isNull();
    assertThat(AirChecker.failures(segment, products)).isEmpty();
    return products;
  }

  private static List<String> strings(List<?> values) {
    return values.stream().map(Object::toString).toList();
  }

  private static List<String> adapterRows(Trace trace) {
    int n = trace.width() - 9;
    List<String> lines = new ArrayList<>();
    for (int r = 0; r < trace.usedRows(); r++) {
      int[] row = trace.row(r);
      lines.add(
          "%d %s %d %s %d,%d"
              .formatted(
                  n,
                  row[1] == 1 ? "split" : "merge",
                  row[3],
                  Arrays.toString(Arrays.copyOfRange(row, 4, 4 + n)),
                  row[4 + n],
                  row[5 + n]));
    }
    return lines;
  }

  @Test
  void exampleA() {
    Products products =
        check(
            MemoryMode.VOLATILE,
            1,
            List.of(
                new Step(
                    write(1, 0, 1, 2, 3, 4),
                    0,
                    List.of(
                        "2 merge 0 [0, 0] 0,0",
                        "2 merge 2 [0, 0] 0,0",
                        "4 merge 0 [0, 0, 0, 0] 0,0"),
                    "(0,4,1)"),
                new Step(
                    read(1, 0, 2), 1, List.of("4 split 0 [1, 2, 3, 4] 1,1"), "(0,2,2) (2,2,1)"),
                new Step(
                    write(1, 2, 100),
                    1,
                    List.of("2 split 2 [3, 4] 1,1"),
                    "(0,2,2) (2,1,3) (3,1,1)"),
                new Step(
                    read(1, 0, 4),
                    3,
                    List.of("2 merge 2 [100, 4] 3,1", "4 merge 0 [1, 2, 100, 4] 2,3"),
                    "(0,4,4)")),
            List.of(
                "4 split 0 [1, 2, 100, 4] 4,4", "2 split 0 [1, 2] 4,4", "2 split 2 [100, 4] 4,4"),
            "(0,1,4) (1,1,4) (2,1,4) (3,1,4)");
    Trace boundary = products.air("Boundary");
    assertThat(boundary.usedRows()).isEqualTo(4);
    for (int r = 0; r < 4; r++) {
      assertThat(Arrays.copyOf(boundary.row(r), 7))
          .containsExactly(1, r, 0, 0, new int[] {1, 2, 100, 4}[r], 4, 1);
    }
    assertThat(products.records())
        .containsExactly(
            0, 1, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, // write 0
            1, 2, 1, 2, 1, 2, // read 0, len 2
            2, 3, 1, 1, 100, 3, // write 2
            3, 4, 3, 4, 1, 2, 100, 4); // read 0, len 4
    assertThat(products.endTimestamp()).isEqualTo(5);
  }

  @Test
  void exampleB() {
    Products products =
        check(
            MemoryMode.PERSISTENT,
            2,
            List.of(
                new Step(
                    write(2, 6, 11, 12, 13, 14),
                    0,
                    List.of(
                        "8 split 0 [0, 0, 0, 0, 0, 0, 0, 0] 0,0",
                        "4 split 4 [0, 0, 0, 0] 0,0",
                        "8 split 8 [0, 0, 0, 0, 0, 0, 0, 0] 0,0",
                        "4 split 8 [0, 0, 0, 0] 0,0",
                        "4 merge 6 [0, 0, 0, 0] 0,0"),
                    "(0,4,0) (4,2,0) (6,4,1) (10,2,0) (12,4,0)"),
                new Step(BY_FIVE, 0, List.of(), ""),
                new Step(
                    read(2, 8, 8),
                    1,
                    List.of(
                        "4 split 6 [11, 12, 13, 14] 1,1",
                        "4 merge 8 [13, 14, 0, 0] 1,0",
                        "8 merge 8 [13, 14, 0, 0, 0, 0, 0, 0] 1,0"),
                    "(0,4,0) (4,2,0) (6,2,1) (8,8,7)")),
            List.of("4 merge 4 [0, 0, 11, 12] 0,1", "8 merge 0 [0, 0, 0, 0, 0, 0, 11, 12] 0,1"),
            "(0,8,1) (8,8,7)");
    assertThat(products.records())
        .containsExactly(
            0, 1, 0, 4, 11, 12, 13, 14, 0, 0, 0, 0, // write 6
            2, 7, 1, 8, 13, 14, 0, 0, 0, 0, 0, 0); // read 8, len 8
    Trace boundary = products.air("Boundary");
    assertThat(boundary.usedRows()).isEqualTo(4);
    assertThat(Arrays.copyOf(boundary.row(1), 11))
        .containsExactly(2013265920, 2, 0, 0, 0, 0, 0, 0, 0, 11, 12);
    assertThat(Arrays.copyOf(boundary.row(3), 11))
        .containsExactly(2013265920, 2, 1, 13, 14, 0, 0, 0, 0, 0, 0);
    assertThat(boundary.at(1, 19)).isEqualTo(1);
    assertThat(boundary.at(3, 19)).isEqualTo(7);
  }

  @Test
  void exampleC() {
    Products products =
        check(
            MemoryMode.PERSISTENT,
            1,
            List.of(
                new Step(
                    read(1, 3, 1),
                    0,
                    List.of(
                        "8 split 0 [0, 0, 0, 0, 0, 0, 0, 0] 0,0",
                        "4 split 0 [0, 0, 0, 0] 0,0",
                        "2 split 2 [0, 0] 0,0"),
                    "(0,2,0) (2,1,0) (3,1,1) (4,4,0)"),
                new Step(
                    write(1, 1, 5, 6, 7, 8),
                    1,
                    List.of(
                        "2 split 0 [0, 0] 0,0",
                        "4 split 4 [0, 0, 0, 0] 0,0",
                        "2 split 4 [0, 0] 0,0",
                        "2 merge 1 [0, 0] 0,0",
                        "2 merge 3 [0, 0] 1,0",
                        "4 merge 1 [0, 0, 0, 0] 0,1"),
                    "(0,1,0) (1,4,2) (5,1,0) (6,2,0)")),
            List.of(
                "4 split 1 [5, 6, 7, 8] 2,2",
                "2 split 3 [7, 8] 2,2",
                "2 split 1 [5, 6] 2,2",
                "2 merge 0 [0, 5] 0,2",
                "2 merge 2 [6, 7] 2,2",
                "4 merge 0 [0, 5, 6, 7] 2,2",
                "2 merge 4 [8, 0] 2,0",
                "4 merge 4 [8, 0, 0, 0] 2,0",
                "8 merge 0 [0, 5, 6, 7, 8, 0, 0, 0] 2,2"),
            "(0,8,2)");
    assertThat(products.records())
        .containsExactly(0, 1, 0, 1, 0, 1, 2, 1, 4, 5, 6, 7, 8, 0, 0, 0, 0);
  }
}
