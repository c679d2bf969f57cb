// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.memtrace.backend.BackendLimits;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.StageListener;
import org.junit.jupiter.api.Test;

class StageFigureTest {
  /** 10 bytes, a thousandth of a permutation and 4 bytes over the bus in a nanosecond. */
  private static final BackendLimits LIMITS = new BackendLimits(10e9, 1e6, 4e9);

  private static final Spread THOUSAND = new Spread(1000, 900, 1200);

  @Test
  void relatesTimeToEntriesAndBytes() {
    StageFigure figure = new StageFigure(THOUSAND, null, 5000, 0);
    assertThat(figure.nsPerEntry(100)).isEqualTo(10);
    assertThat(figure.nsPerEntry(0)).isZero();
    assertThat(figure.gbPerSecond()).isEqualTo(5);
    assertThat(figure.limit(LIMITS)).isEqualTo(StageFigure.Limit.MEMORY);
    assertThat(figure.shareOfLimit(LIMITS)).isEqualTo(0.5, within(1e-9));
  }

  @Test
  void takesTheLimitThatTheStageMeetsFirst() {
    StageFigure figure = new StageFigure(new Spread(8000, 1, 9000), null, 5000, 4);
    assertThat(figure.limit(LIMITS)).isEqualTo(StageFigure.Limit.POSEIDON2);
    assertThat(figure.leastNanos(LIMITS)).isEqualTo(4000, within(1e-6));
    assertThat(figure.shareOfLimit(LIMITS)).isEqualTo(0.5, within(1e-9));
  }

  @Test
  void judgesWorkOnADeviceByItsClock() {
    StageFigure figure = new StageFigure(THOUSAND, new Spread(500, 400, 600), 5000, 0);
    assertThat(figure.gbPerSecond()).isEqualTo(10);
    assertThat(figure.nsPerEntry(100)).isEqualTo(10);
  }

  @Test
  void judgesCopiesByTheBus() {
    StageFigure figure = new StageFigure(THOUSAND, new Spread(500, 400, 600), 1000, 0);
    assertThat(figure.shareOfBus(LIMITS)).isEqualTo(0.5, within(1e-9));
  }

  @Test
  void aStageThatMovesNothingHasNoLimit() {
    assertThat(new StageFigure(THOUSAND, null, 0, 0).limit(LIMITS))
        .isEqualTo(StageFigure.Limit.NONE);
  }

  @Test
  void partsOfAStageAddUpWhileTheyCount() {
    StageTotals totals = new StageTotals();
    totals.stageEnded(Stage.REPLAY, 1, 1, 1); // before
    totals.count(true);
    totals.stageEnded(Stage.UPLOAD, 10, 5, 100);
    totals.stageEnded(Stage.UPLOAD, 20, 6, 200);
    totals.stageEnded(Stage.TRANSFER, 30, 7, 300);
    totals.stageEnded(Stage.AUX, 40, StageListener.NOT_ON_DEVICE, 400);
    totals.count(false);
    totals.stageEnded(Stage.AUX, 1, 1, 1); // after
    assertThat(totals.take())
        .hasSize(BenchStage.values().length)
        .containsEntry(BenchStage.TRANSFER, new StageTotals.Total(60, 18, 600))
        .containsEntry(BenchStage.AUX, new StageTotals.Total(40, StageListener.NOT_ON_DEVICE, 400))
        .containsEntry(BenchStage.REPLAY, StageTotals.Total.NONE);
    assertThat(totals.take()).containsEntry(BenchStage.AUX, StageTotals.Total.NONE);
  }
}
