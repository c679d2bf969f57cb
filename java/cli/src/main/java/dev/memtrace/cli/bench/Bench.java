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
 * them all. Each turn is two runs: one with a listener to the stages, for which a device waits
 * after each, and one without for the times of the whole. Fingerprints of all products are compared
 * between runs and backends; if any differ, there is no result.
 */
public final class Bench {
  /** The compiler needs more runs of short logs. */
  private static final long LEAST_WARM_UP_NANOS = 300_000_000;

  private static final long LONG_LOG = 1L << 22;

  private final BiFunction<BenchBackend.Spec, StageListener, TraceBackend> backends;
  private final int warmUp;
  private final int repeat;
  private final Progress progress;
  private int rounds;
  private int roundsDone;

  /**
   * Prepares measurements.
   *
   * @param backends makes a backend that tells a listener its stages
   * @param warmUp turns of each log that are not counted, 0 or more
   * @param repeat turns that are, at least 1
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
    long peakHost;
    boolean peakHostKnown = true;
    long peakDevice;

    void add(Pipeline.Run heard, Pipeline.Run whole, OptionalLong hostBytes, long deviceBytes) {
      last = whole;
      stages.add(heard.stages());
      online.add(whole.onlineNanos());
      total.add(whole.totalNanos());
      peakHost = Math.max(peakHost, hostBytes.orElse(0));
      peakHostKnown &= hostBytes.isPresent();
      peakDevice = Math.max(peakDevice, deviceBytes);
    }
  }

  /** A log and all runs of it. */
  private static final class Subject {
    final BenchWorkload workload;
    final Reference reference = new Reference();
    final Map<BenchBackend.Spec, Series> series = new LinkedHashMap<>();
    int warmUp;

    Subject(Case one) {
      workload = one.workload();
      one.backends().forEach(spec -> series.put(spec, new Series()));
    }

    void check(BenchBackend.Spec spec, TraceBackend backend, Pipeline.Run run) {
      reference.check(workload, backend.description(), spec, run.products());
    }
  }

  /** A backend that nobody listens to, one that somebody does, and who that is. */
  private record Opened(TraceBackend plain, TraceBackend listened, StageTotals totals) {
    void close() {
      try (TraceBackend _ = plain) {
        listened.close();
      }
    }
  }

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
    rounds = repeat * cases.size();
    roundsDone = 0;
    List<Subject> subjects = cases.stream().map(Subject::new).toList();
    BackendLimits host = hostLimits();
    Map<BenchBackend.Spec, BenchBackend> measured = new LinkedHashMap<>();
    Map<BenchBackend.Spec, Opened> open = new LinkedHashMap<>();
    try {
      open(cases, open);
      Map<BenchBackend.Spec, BackendLimits> before = new LinkedHashMap<>();
      open.forEach((spec, opened) -> before.put(spec, opened.plain().measureLimits()));
      subjects.forEach(subject -> measure(subject, open));
      // Once more, as compiled as the stages were at last.
      BufferPool.shared().clear();
      BackendLimits bestHost = host.best(hostLimits());
      open.forEach(
          (spec, opened) ->
              measured.put(
                  spec,
                  describe(
                      spec,
                      opened.plain(),
                      again(opened.plain(), Objects.requireNonNull(before.get(spec))),
                      bestHost)));
    } finally {
      open.values().forEach(Opened::close);
    }
    List<Measurement> measurements = new ArrayList<>();
    for (Subject subject : subjects) {
      subject.series.forEach(
          (spec, series) ->
              measurements.add(
                  measurement(subject, Objects.requireNonNull(measured.get(spec)), series)));
    }
    return measurements;
  }

  private static BackendLimits hostLimits() {
    try (Workers caller = new Workers(1)) {
      return BackendLimits.ofHost(caller, Poseidon2Batch.best(), BufferPool.shared());
    }
  }

  /** The best limits of those that were measured and new ones. */
  private static BackendLimits again(TraceBackend backend, BackendLimits before) {
    try {
      return before.best(backend.measureLimits());
    } catch (DeviceMemoryException e) {
      return before; // the device still holds what the logs have left in its pools
    }
  }

  private static BenchBackend describe(
      BenchBackend.Spec spec, TraceBackend backend, BackendLimits limits, BackendLimits host) {
    // A backend adds to its own name only what is not real of it.
    boolean emulated = !backend.description().equals(backend.name());
    return new BenchBackend(spec, backend.description(), emulated, limits, host);
  }

  private void open(List<Case> cases, Map<BenchBackend.Spec, Opened> open) {
    Set<BenchBackend.Spec> specs = new LinkedHashSet<>();
    cases.forEach(one -> specs.addAll(one.backends()));
    for (BenchBackend.Spec spec : specs) {
      StageTotals totals = new StageTotals();
      TraceBackend plain = backends.apply(spec, StageListener.NONE);
      try {
        open.put(spec, new Opened(plain, backends.apply(spec, totals), totals));
      } catch (RuntimeException | Error e) {
        plain.close();
        throw e;
      }
    }
  }

  private void measure(Subject subject, Map<BenchBackend.Spec, Opened> open) {
    BenchWorkload workload = subject.workload;
    BufferPool.shared().clear(); // what other logs have left in it
    System.gc();
    try (BenchWorkload.Loaded loaded = workload.loader().apply(BufferPool.shared())) {
      long end = System.nanoTime() + LEAST_WARM_UP_NANOS;
      for (int i = 0; i < warmUp || (warmUp > 0 && System.nanoTime() < end); i++) {
        round(subject, open, loaded, false);
        subject.warmUp++;
      }
      for (int i = 0; i < repeat; i++) {
        round(subject, open, loaded, true);
        roundsDone++;
      }
    } catch (DeviceMemoryException | TraceLimitException e) {
      throw new BenchException(
          workload.name()
              + " of "
              + workload.entries()
              + " entries: "
              + e.getMessage()
              + "; measure a shorter log",
          e);
    }
  }

  /** Lets every backend run the log once for its stages and once for the whole. */
  private void round(
      Subject subject,
      Map<BenchBackend.Spec, Opened> open,
      BenchWorkload.Loaded loaded,
      boolean counts) {
    for (Map.Entry<BenchBackend.Spec, Series> entry : subject.series.entrySet()) {
      progress.at(subject.workload.name(), (double) roundsDone / rounds);
      Opened opened = Objects.requireNonNull(open.get(entry.getKey()));
      free(subject.workload);
      Pipeline.Run heard = Pipeline.run(opened.listened(), loaded, opened.totals());
      free(subject.workload);
      boolean peakBegins = HostMemory.resetPeak();
      opened.plain().takePeakDeviceBytes();
      Pipeline.Run whole = Pipeline.run(opened.plain(), loaded, new StageTotals());
      OptionalLong hostBytes = peakBegins ? HostMemory.peak() : OptionalLong.empty();
      subject.check(entry.getKey(), opened.plain(), heard);
      subject.check(entry.getKey(), opened.plain(), whole);
      if (counts) {
        entry.getValue().add(heard, whole, hostBytes, opened.plain().takePeakDeviceBytes());
      }
    }
  }

  /** Frees the buffers of a long log that the pools had no room for, as they are garbage. */
  private static void free(BenchWorkload workload) {
    if (workload.entries() >= LONG_LOG) {
      System.gc();
    }
  }

  private static Measurement measurement(Subject subject, BenchBackend backend, Series series) {
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
        subject.workload,
        backend,
        subject.warmUp,
        figures,
        run.products(),
        run.productBytes(),
        series.peakHostKnown ? OptionalLong.of(series.peakHost) : OptionalLong.empty(),
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
