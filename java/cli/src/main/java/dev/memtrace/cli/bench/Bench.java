// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.backend.BackendLimits;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.instrument.StageListener;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.TraceLimitException;
import dev.memtrace.poseidon2.Poseidon2Batch;
import dev.memtrace.workload.LogShape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Drives the same logs through backends, in turns, so that a change of the machine's speed meets
 * them all. All logs go through twice: with a listener to the stages, for which a device waits
 * after each, and without one for the times of the whole. Fingerprints of all products are compared
 * between runs and backends; if any differ, there is no result.
 */
public final class Bench {
  private static final long LARGE = 1L << 22;

  private final BiFunction<BenchBackend.Spec, StageListener, TraceBackend> backends;
  private final int warmUp;
  private final int repeat;
  private final Progress progress;
  private int runs;
  private int runsDone;

  /**
   * Prepares measurements.
   *
   * @param backends makes a backend that tells a listener its stages
   * @param warmUp runs of each log and backend that are not counted, 0 or more
   * @param repeat runs that are, at least 1
   * @param progress hears what is done
   */
  public Bench(
      BiFunction<BenchBackend.Spec, StageListener, TraceBackend> backends,
      int warmUp,
      int repeat,
      Progress progress) {
    if (warmUp < 0 || repeat < 1) {
      throw new IllegalArgumentException(
          "%d runs and %d before them; at least 1 and 0".formatted(repeat, warmUp));
    }
    this.backends = backends;
    this.warmUp = warmUp;
    this.repeat = repeat;
    this.progress = progress;
  }

  /** Hears how far the measurements are. */
  @FunctionalInterface
  public interface Progress {
    /**
     * A run is about to begin.
     *
     * @param workload name of the log
     * @param done fraction of all runs that is done
     */
    void at(String workload, double done);
  }

  /**
   * A log and who is measured with it.
   *
   * @param workload the log
   * @param backends backends that take turns
   */
  public record Case(BenchWorkload workload, List<BenchBackend.Spec> backends) {
    /** Copies the list. */
    public Case {
      backends = List.copyOf(backends);
    }
  }

  /** All runs of one log on one backend. */
  private static final class Series {
    final List<Long> online = new ArrayList<>();
    final List<Long> total = new ArrayList<>();
    final List<Map<BenchStage, StageTotals.Total>> stages = new ArrayList<>();
    Pipeline.@Nullable Run last;
    long peakHost = -1;
    long peakDevice;
  }

  /** A backend that is open, and what listens to it. */
  private record Opened(TraceBackend backend, StageTotals totals) {}

  /**
   * Measures.
   *
   * @param cases logs and backends, each log once
   * @return a measurement of each log on each of its backends, in that order
   * @throws BenchException if something does not fit, before any work where that can be known
   * @throws MismatchException if two runs on the same log made different products
   */
  public List<Measurement> run(List<Case> cases) {
    long available = MemoryNeed.available();
    for (Case one : cases) {
      if (one.workload().generated()) {
        MemoryNeed.require(
            LogShape.of(one.workload().shape()), one.workload().entries(), available);
      }
    }
    runs = 2 * (warmUp + repeat) * cases.stream().mapToInt(one -> one.backends().size()).sum();
    Map<Case, Map<BenchBackend.Spec, Series>> series = new LinkedHashMap<>();
    Map<Case, Reference> references = new LinkedHashMap<>();
    for (Case one : cases) {
      Map<BenchBackend.Spec, Series> ofCase = new LinkedHashMap<>();
      one.backends().forEach(spec -> ofCase.put(spec, new Series()));
      series.put(one, ofCase);
      references.put(one, new Reference());
    }
    BackendLimits host;
    try (Workers caller = new Workers(1)) {
      host = BackendLimits.ofHost(caller, Poseidon2Batch.best(), BufferPool.shared());
    }
    Map<BenchBackend.Spec, BenchBackend> measured = new LinkedHashMap<>();
    for (boolean listening : new boolean[] {true, false}) {
      Map<BenchBackend.Spec, Opened> open = new LinkedHashMap<>();
      try {
        open(cases, listening, open);
        if (listening) {
          open.forEach(
              (spec, opened) ->
                  measured.put(
                      spec,
                      new BenchBackend(
                          spec,
                          opened.backend().description(),
                          opened.backend().measureLimits(),
                          host)));
        }
        for (Case one : cases) {
          measure(one, open, listening, series.get(one), references.get(one));
        }
      } finally {
        open.values().forEach(opened -> opened.backend().close());
      }
    }
    List<Measurement> measurements = new ArrayList<>();
    series.forEach(
        (one, ofCase) ->
            ofCase.forEach(
                (spec, runsOfIt) ->
                    measurements.add(
                        measurement(
                            one.workload(),
                            Objects.requireNonNull(measured.get(spec)),
                            runsOfIt))));
    return measurements;
  }

  private void open(List<Case> cases, boolean listening, Map<BenchBackend.Spec, Opened> open) {
    Set<BenchBackend.Spec> specs = new LinkedHashSet<>();
    cases.forEach(one -> specs.addAll(one.backends()));
    for (BenchBackend.Spec spec : specs) {
      StageTotals totals = new StageTotals();
      open.put(
          spec, new Opened(backends.apply(spec, listening ? totals : StageListener.NONE), totals));
    }
  }

  private void measure(
      Case one,
      Map<BenchBackend.Spec, Opened> open,
      boolean listening,
      Map<BenchBackend.Spec, Series> series,
      Reference reference) {
    if (one.workload().entries() >= LARGE) {
      BufferPool.shared().clear(); // what other logs have left in it
      System.gc();
    }
    try (BenchWorkload.Loaded loaded = one.workload().loader().apply(BufferPool.shared())) {
      for (int round = -warmUp; round < repeat; round++) {
        for (BenchBackend.Spec spec : one.backends()) {
          progress.at(one.workload().name(), (double) runsDone++ / runs);
          Opened opened = Objects.requireNonNull(open.get(spec));
          HostMemory.resetPeak();
          opened.backend().takePeakDeviceBytes();
          Pipeline.Run run = Pipeline.run(opened.backend(), loaded, opened.totals());
          reference.check(one.workload(), opened.backend().description(), spec, run.products());
          if (round >= 0) {
            add(Objects.requireNonNull(series.get(spec)), run, listening, opened.backend());
          }
        }
      }
    } catch (DeviceMemoryException | TraceLimitException e) {
      throw new BenchException(
          one.workload().name()
              + " of "
              + one.workload().entries()
              + " entries: "
              + e.getMessage()
              + "; measure a shorter log",
          e);
    }
  }

  private static void add(
      Series series, Pipeline.Run run, boolean listening, TraceBackend backend) {
    series.last = run;
    if (listening) {
      series.stages.add(run.stages());
    } else {
      series.online.add(run.onlineNanos());
      series.total.add(run.totalNanos());
      series.peakHost = Math.max(series.peakHost, HostMemory.peak().orElse(-1));
      series.peakDevice = Math.max(series.peakDevice, backend.takePeakDeviceBytes());
    }
  }

  private static Measurement measurement(
      BenchWorkload workload, BenchBackend backend, Series series) {
    Pipeline.Run run = Objects.requireNonNull(series.last);
    Map<BenchStage, StageFigure> figures = new LinkedHashMap<>();
    for (BenchStage stage : BenchStage.values()) {
      figures.put(
          stage,
          switch (stage) {
            case ONLINE -> new StageFigure(Spread.of(series.online), null, run.logBytes(), 0);
            case TOTAL -> total(series);
            default -> figure(stage, series, run);
          });
    }
    return new Measurement(
        workload,
        backend,
        figures,
        run.products(),
        run.productBytes(),
        series.peakHost < 0 ? OptionalLong.empty() : OptionalLong.of(series.peakHost),
        series.peakDevice);
  }

  private static StageFigure figure(BenchStage stage, Series series, Pipeline.Run run) {
    List<StageTotals.Total> totals =
        series.stages.stream().map(one -> Objects.requireNonNull(one.get(stage))).toList();
    boolean hashes = stage == BenchStage.MERKLE || stage == BenchStage.POSEIDON2;
    return new StageFigure(
        Spread.of(totals.stream().map(StageTotals.Total::wallNanos).toList()),
        device(totals.stream().map(StageTotals.Total::deviceNanos).toList()),
        totals.getFirst().bytes(),
        hashes ? run.permutations() : 0);
  }

  /** The whole: on a device the sum of its stages but for copies. */
  private static StageFigure total(Series series) {
    List<Long> device = new ArrayList<>();
    long bytes = 0;
    for (Map<BenchStage, StageTotals.Total> one : series.stages) {
      long sum = StageListener.NOT_ON_DEVICE;
      bytes = 0;
      for (Map.Entry<BenchStage, StageTotals.Total> entry : one.entrySet()) {
        if (entry.getKey() != BenchStage.TRANSFER) {
          bytes += entry.getValue().bytes();
          long nanos = entry.getValue().deviceNanos();
          sum = nanos == StageListener.NOT_ON_DEVICE ? sum : Math.max(0, sum) + nanos;
        }
      }
      device.add(sum);
    }
    return new StageFigure(Spread.of(series.total), device(device), bytes, 0);
  }

  private static @Nullable Spread device(List<Long> nanos) {
    return nanos.contains(StageListener.NOT_ON_DEVICE) ? null : Spread.of(nanos);
  }
}
