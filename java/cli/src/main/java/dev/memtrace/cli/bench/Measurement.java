// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.backend.BackendLimits;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What was measured of one log on one backend.
 *
 * @param workload the log
 * @param backend who did the work
 * @param warmUp turns that were made before those that count
 * @param figures a figure for each stage, in the order of {@link BenchStage}
 * @param products fingerprint of each product, the same in all runs and on all backends
 * @param productBytes bytes of all products
 * @param peakHostBytes bytes of the process that were resident at most, absent where nobody says
 * @param peakDeviceBytes bytes of device memory that were in use at most
 */
public record Measurement(
    BenchWorkload workload,
    BenchBackend backend,
    int warmUp,
    Map<BenchStage, StageFigure> figures,
    Map<String, Long> products,
    long productBytes,
    OptionalLong peakHostBytes,
    long peakDeviceBytes) {
  /** Copies both maps. */
  public Measurement {
    figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
    products = Collections.unmodifiableMap(new LinkedHashMap<>(products));
  }

  /**
   * Returns the figure of a stage.
   *
   * @param stage the stage
   * @return its figure
   */
  public StageFigure figure(BenchStage stage) {
    StageFigure figure = figures.get(stage);
    if (figure == null) {
      throw new IllegalArgumentException("the stage " + stage.label() + " was not measured");
    }
    return figure;
  }

  /** What the processor could do at best that a stage runs on. */
  private BackendLimits limits(BenchStage stage) {
    return stage == BenchStage.ONLINE ? backend.hostLimits() : backend.limits();
  }

  /**
   * Says which limit a stage meets first.
   *
   * @param stage the stage
   * @return the limit
   */
  public StageFigure.Limit limit(BenchStage stage) {
    return switch (stage) {
      case TRANSFER ->
          figure(stage).bytes() == 0 || limits(stage).transferredBytesPerSecond() == 0
              ? StageFigure.Limit.NONE
              : StageFigure.Limit.BUS;
      // The rows were written by the replay, unless a device made them.
      case ADAPTERS, RECORDS ->
          figure(stage).device() == null
              ? StageFigure.Limit.NONE
              : figure(stage).limit(limits(stage));
      case TOTAL -> StageFigure.Limit.ALL;
      default -> figure(stage).limit(limits(stage));
    };
  }

  /**
   * Returns the share of its limit that a stage reaches. The least time of everything after the log
   * is the sum of those of its stages.
   *
   * @param stage the stage
   * @return 1 is as fast as the limit; 0 if there is none
   */
  public double shareOfLimit(BenchStage stage) {
    return switch (limit(stage)) {
      case NONE -> 0;
      case BUS -> figure(stage).shareOfBus(limits(stage));
      case ALL -> leastNanos() / Math.max(1, figure(stage).wall().median());
      default -> figure(stage).shareOfLimit(limits(stage));
    };
  }

  /** Least time of the stages after the log. */
  private double leastNanos() {
    double least = 0;
    for (BenchStage stage : figures.keySet()) {
      if (stage != BenchStage.ONLINE && stage != BenchStage.TRANSFER && stage != BenchStage.TOTAL) {
        least += figure(stage).leastNanos(limits(stage));
      }
    }
    return least;
  }
}
