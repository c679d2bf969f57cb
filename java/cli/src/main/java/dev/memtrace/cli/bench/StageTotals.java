// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.StageListener;
import java.util.EnumMap;
import java.util.Map;

/** Adds up what a backend says of its stages during one run. Thread-safe. */
final class StageTotals implements StageListener {
  /**
   * All parts of a stage in one run.
   *
   * @param wallNanos elapsed time on the host
   * @param deviceNanos elapsed time on a device, {@link StageListener#NOT_ON_DEVICE} if no part ran
   *     on one
   * @param bytes bytes moved or written
   */
  record Total(long wallNanos, long deviceNanos, long bytes) {
    static final Total NONE = new Total(0, NOT_ON_DEVICE, 0);

    Total plus(long wall, long device, long more) {
      long onDevice = deviceNanos == NOT_ON_DEVICE ? device : deviceNanos + Math.max(0, device);
      return new Total(wallNanos + wall, onDevice, bytes + more);
    }
  }

  private final Map<BenchStage, Total> totals = new EnumMap<>(BenchStage.class);
  private boolean counting;

  @Override
  public synchronized void stageEnded(Stage stage, long wallNanos, long deviceNanos, long bytes) {
    if (counting) {
      BenchStage row = BenchStage.of(stage);
      totals.put(row, totals.getOrDefault(row, Total.NONE).plus(wallNanos, deviceNanos, bytes));
    }
  }

  /** Says whether what is heard from now on counts. At first it does not. */
  synchronized void count(boolean on) {
    counting = on;
  }

  /** The totals since this was called last; a stage that did not run took no time. */
  synchronized Map<BenchStage, Total> take() {
    Map<BenchStage, Total> all = new EnumMap<>(BenchStage.class);
    for (BenchStage stage : BenchStage.values()) {
      all.put(stage, totals.getOrDefault(stage, Total.NONE));
    }
    totals.clear();
    return all;
  }
}
