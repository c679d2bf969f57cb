// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.cli.WrongBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.instrument.StageListener;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.workload.LogShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BenchTest {
  private static final BenchBackend.Spec ONE = new BenchBackend.Spec("cpu", 1);
  private static final BenchBackend.Spec TWO = new BenchBackend.Spec("cpu", 2);

  private static TraceBackend cpu(BenchBackend.Spec spec, StageListener listener) {
    return new CpuBackend(new BackendOptions(spec.threads()).withListener(listener));
  }

  private static List<Measurement> run(
      BiFunction<BenchBackend.Spec, StageListener, TraceBackend> backends,
      int repeat,
      LogShape shape,
      BenchBackend.Spec... specs) {
    BenchWorkload workload = BenchWorkload.of(shape, 3000, 1);
    return new Bench(backends, 0, repeat, (_, _) -> {})
        .run(List.of(new Bench.Case(workload, List.of(specs))));
  }

  @ParameterizedTest
  @EnumSource
  void everyShapeHasAFigureForEveryStage(LogShape shape) {
    List<Measurement> measurements = run(BenchTest::cpu, 1, shape, ONE, TWO);
    assertThat(measurements).hasSize(2);
    for (Measurement one : measurements) {
      assertThat(one.figures().keySet()).containsExactly(BenchStage.values());
      for (BenchStage stage :
          List.of(
              BenchStage.ONLINE,
              BenchStage.REPLAY,
              BenchStage.BOUNDARY,
              BenchStage.MERKLE,
              BenchStage.POSEIDON2,
              BenchStage.AUX,
              BenchStage.TOTAL)) {
        assertThat(one.figure(stage).wall().median()).as(stage.label()).isPositive();
        assertThat(one.figure(stage).bytes()).as(stage.label()).isPositive();
        assertThat(one.shareOfLimit(stage)).as(stage.label()).isPositive();
      }
      assertThat(one.limit(BenchStage.TRANSFER)).isEqualTo(StageFigure.Limit.NONE);
      assertThat(one.products())
          .containsKeys(
              "log", "records", "Boundary", "Merkle", "aux", "range_counts", "poseidon2", "roots");
      assertThat(one.productBytes()).isPositive();
    }
    assertThat(measurements.get(0).products()).isEqualTo(measurements.get(1).products());
  }

  @Test
  void theTimeOfTheWholeHoldsThatOfItsParts() {
    Measurement one = run(BenchTest::cpu, 1, LogShape.UNALIGNED_MIX, ONE).getFirst();
    long bytes = 0;
    for (BenchStage stage : BenchStage.values()) {
      if (stage != BenchStage.ONLINE && stage != BenchStage.TOTAL) {
        bytes += one.figure(stage).bytes();
      }
    }
    assertThat(one.figure(BenchStage.TOTAL).bytes()).isEqualTo(bytes);
  }

  @Test
  void aBackendThatMakesOtherTracesEndsTheRun() {
    BiFunction<BenchBackend.Spec, StageListener, TraceBackend> backends =
        (spec, listener) ->
            spec.equals(TWO) ? WrongBackend.of(cpu(spec, listener), 0) : cpu(spec, listener);
    assertThatThrownBy(() -> run(backends, 1, LogShape.STREAMING, ONE, TWO))
        .isInstanceOf(MismatchException.class)
        .hasMessageMatching(
            "streaming of 3,000 entries: the product Boundary has fingerprint [0-9a-f]{16} from cpu"
                + " on 2 threads, but [0-9a-f]{16} from cpu on 1 thread; figures of wrong results"
                + " are worth nothing, so none are given");
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 30})
  void aRunThatMakesOtherTracesThanTheOneBeforeEndsTheRun(int goodTraces) {
    BiFunction<BenchBackend.Spec, StageListener, TraceBackend> backends =
        (spec, listener) -> WrongBackend.of(cpu(spec, listener), goodTraces);
    assertThatThrownBy(() -> run(backends, 5, LogShape.STREAMING, ONE))
        .isInstanceOf(MismatchException.class)
        .hasMessageContaining("from cpu on 1 thread");
  }

  @Test
  void aLogThatCannotFitIsRefusedWithNumbers() {
    assertThatThrownBy(() -> MemoryNeed.require(LogShape.STREAMING, 100_000_000, 1_000_000_000))
        .isInstanceOf(BenchException.class)
        .hasMessageMatching(
            "streaming of 100,000,000 entries needs about [0-9,]{13,} bytes of native memory and"
                + " 1,000,000,000 can be had; measure it shorter, .*");
    MemoryNeed.require(LogShape.STREAMING, 2_000_000, Long.MAX_VALUE);
  }

  @Test
  void theNeedOfMemoryGrowsWithTheLength() {
    MemoryNeed need = MemoryNeed.of(LogShape.RISCV_REGISTERS);
    long million = need.bytes(1_000_000);
    // Two logs of 11 bytes an entry at the least, and records of 30.
    assertThat(million).isBetween(50_000_000L, 1_000_000_000L);
    assertThat(need.bytes(10_000_000) - million).isBetween(450_000_000L, 9_000_000_000L);
  }

  @Test
  void saysHowManyTurnsWereMadeToWarmUp() {
    BenchWorkload workload = BenchWorkload.of(LogShape.STREAMING, 100, 1);
    List<Bench.Case> cases = List.of(new Bench.Case(workload, List.of(ONE)));
    List<Double> turns = new ArrayList<>();
    Measurement one =
        new Bench(BenchTest::cpu, 2, 1, (_, done) -> turns.add(done)).run(cases).getFirst();
    assertThat(one.warmUp()).isEqualTo(turns.size() - 1).isGreaterThanOrEqualTo(2);
  }

  @Test
  void thePeakIsUnknownWhereItCannotBeginAnew(@TempDir Path folder) throws IOException {
    assertThat(HostMemory.resetPeak(folder.resolve("absent"))).isFalse();
    assertThat(HostMemory.resetPeak(folder)).isFalse();
    assertThat(HostMemory.resetPeak(Files.createFile(folder.resolve("file")))).isTrue();
  }

  @Test
  void everyCellThatIsReadCounts() {
    assertThat(sumOfReads(0, 7)).isNotEqualTo(sumOfReads(0, 8));
    assertThat(sumOfReads(3, 7)).isNotEqualTo(sumOfReads(3, 8));
  }

  /** Reads four cells, all but one of them 0. */
  private static int sumOfReads(int place, int value) {
    MemoryConfig config = MemoryConfig.defaults();
    try (CpuBackend backend = new CpuBackend(new BackendOptions(1));
        MemoryController first = memoryOn(config, backend);
        MemoryController second = memoryOn(config, backend)) {
      for (MemoryController memory : List.of(first, second)) {
        memory.setInitialMemory(new AddressMap(config).set(2, place, value));
      }
      first.read(2, 0, 4, new int[4], 0);
      LogDriver driver = new LogDriver(second);
      driver.drive(first.takeMemoryLogs());
      return driver.sum();
    }
  }

  private static MemoryController memoryOn(MemoryConfig config, TraceBackend backend) {
    return MemoryController.withPersistentMemory(
        new MemoryBus(1),
        config,
        new VariableRangeChecker(new RangeCheckerBus(4, config.rangeMaxBits())),
        new MerkleBus(2),
        new CompressionBus(3),
        backend);
  }

  @Test
  void refusesNoRuns() {
    assertThatThrownBy(() -> new Bench(BenchTest::cpu, 0, 0, (_, _) -> {}))
        .hasMessage("0 runs and 0 before them; at least 1 and 0");
  }
}
