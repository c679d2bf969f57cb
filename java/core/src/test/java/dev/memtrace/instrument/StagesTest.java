// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.instrument.HeardStages.Heard;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Spans report their own times, whatever is inside them and however they end. */
class StagesTest {
  private final HeardStages heard = new HeardStages();
  private final Stages stages = new Stages(heard);

  private static void work(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aSpanInsideAnotherIsNotPartOfIt() {
    long start = System.nanoTime();
    try (Stages.Span outer = stages.open(Stage.MERKLE)) {
      outer.addBytes(10);
      try (Stages.Span inner = stages.open(Stage.BOUNDARY)) {
        inner.addBytes(5);
        work(2_000_000);
      }
      outer.addBytes(1);
      work(1_000_000);
    }
    long elapsed = System.nanoTime() - start;
    assertThat(heard.calls())
        .extracting(Heard::stage)
        .containsExactly(Stage.BOUNDARY, Stage.MERKLE);
    assertThat(heard.calls()).extracting(Heard::bytes).containsExactly(5L, 11L);
    assertThat(heard.calls().get(0).wallNanos()).isGreaterThanOrEqualTo(2_000_000);
    assertThat(heard.calls().get(1).wallNanos()).isGreaterThanOrEqualTo(1_000_000);
    assertThat(heard.wallNanos()).isLessThanOrEqualTo(elapsed);
  }

  @Test
  void deviceTimesAreThoseOfTheSpanAlone() {
    try (Stages.Span outer = stages.open(Stage.MERKLE)) {
      for (int i = 0; i < 2; i++) {
        try (Stages.Span inner = stages.open(Stage.BOUNDARY)) {
          inner.onDevice(30);
        }
      }
      try (Stages.Span _ = stages.open(Stage.UPLOAD)) {
        // not timed on the device
      }
      outer.onDevice(100);
    }
    assertThat(heard.calls())
        .extracting(Heard::deviceNanos)
        .containsExactly(30L, 30L, StageListener.NOT_ON_DEVICE, 40L);
  }

  @Test
  void aSpanThatWasStoppedIsToldOfLater() {
    Stages.Span upload = stages.open(Stage.UPLOAD);
    upload.stop();
    long before = System.nanoTime();
    try (Stages.Span _ = stages.open(Stage.REPLAY)) {
      work(2_000_000);
      upload.onDevice(7);
      upload.close();
      upload.close();
    }
    long replay = System.nanoTime() - before;
    assertThat(heard.calls()).extracting(Heard::stage).containsExactly(Stage.UPLOAD, Stage.REPLAY);
    assertThat(heard.calls().get(0).deviceNanos()).isEqualTo(7);
    assertThat(heard.calls().get(1).wallNanos()).isBetween(2_000_000L, replay);
  }

  @Test
  void aStageThatFailsEndsToo() {
    assertThatThrownBy(
            () -> {
              try (Stages.Span _ = stages.open(Stage.AUX)) {
                throw new IllegalStateException("inside");
              }
            })
        .hasMessage("inside");
    try (Stages.Span _ = stages.open(Stage.RECORDS)) {
      work(1_000_000);
    }
    assertThat(heard.calls()).extracting(Heard::stage).containsExactly(Stage.AUX, Stage.RECORDS);
    assertThat(heard.calls().get(1).wallNanos()).isGreaterThanOrEqualTo(1_000_000);
  }

  @Test
  void whatAListenerThrowsDoesNotDisturbTheWork() {
    Stages disturbed =
        new Stages(
            (_, _, _, _) -> {
              throw new IllegalStateException("listener");
            });
    try (Stages.Span _ = disturbed.open(Stage.AUX)) {
      assertThat(disturbed.heard()).isTrue();
    }
  }

  @Test
  void nobodyIsHeardByNobody() {
    assertThat(new Stages(StageListener.NONE).heard()).isFalse();
    assertThat(stages.heard()).isTrue();
  }

  @Test
  void labelsAreThoseOfReports() {
    assertThat(Stage.values())
        .extracting(Stage::label)
        .isEqualTo(
            List.of(
                "upload",
                "replay",
                "records",
                "adapters",
                "boundary",
                "merkle",
                "poseidon2",
                "range_counts",
                "aux",
                "transfer"));
  }
}
