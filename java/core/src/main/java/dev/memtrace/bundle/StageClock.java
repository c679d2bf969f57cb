// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.bundle.GenerationListener.Stage;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** Adds up the time of each stage, passes progress on and ends work that is not wanted any more. */
final class StageClock {
  private final GenerationListener listener;
  private Runnable unlessCancelled = () -> {};
  private final Map<Stage, Duration> times = new EnumMap<>(Stage.class);
  private Stage stage = Stage.READ;
  private long since = System.nanoTime();
  private double fraction;

  StageClock(GenerationListener listener) {
    this.listener = listener;
  }

  /**
   * Names what ends the work.
   *
   * @param check called at the begin of each stage and at each report of progress; throws if the
   *     work is not wanted any more
   */
  void endIf(Runnable check) {
    unlessCancelled = check;
  }

  /** Enters a stage when about the given fraction of everything is done. */
  void enter(Stage next, double done) {
    long now = System.nanoTime();
    times.merge(stage, Duration.ofNanos(now - since), Duration::plus);
    stage = next;
    since = now;
    at(done);
  }

  void at(double done) {
    fraction = Math.clamp(done, fraction, 1);
    listener.progress(stage, fraction);
    unlessCancelled.run();
  }

  Map<Stage, Duration> finish() {
    enter(stage, 1);
    return times;
  }
}
