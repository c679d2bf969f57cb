// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.instrument.HeardStages;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.StageListener;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What listeners and the flight recorder learn of the CPU backend. */
class InstrumentsTest {
  @TempDir private Path temp;

  static Stream<Path> cases() throws IOException, URISyntaxException {
    return GoldenCases.own();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aListenerHearsEveryStage(Path golden) throws IOException {
    for (int threads = 1; threads <= 2; threads++) {
      HeardStages heard = new HeardStages();
      BackendOptions options = new BackendOptions(threads).withListener(heard);
      try (TraceBackend backend = new CpuBackend(options)) {
        BundleStages.assertHeard(golden, backend, heard, temp.resolve("out" + threads));
      }
      assertThat(heard.bytes(Stage.RECORDS))
          .isEqualTo(BundleStages.size(temp.resolve("out" + threads), "records.bin"));
      assertThat(heard.stages()).doesNotContain(Stage.UPLOAD, Stage.TRANSFER);
      assertThat(heard.calls()).allMatch(call -> call.deviceNanos() == StageListener.NOT_ON_DEVICE);
    }
  }

  @Test
  void theFlightRecorderSeesSegmentsPassesAndProducts() throws IOException, URISyntaxException {
    Path golden =
        GoldenCases.own()
            .filter(path -> path.endsWith("persistent-n8-small"))
            .findFirst()
            .orElseThrow();
    HeardStages heard = new HeardStages();
    Path out = temp.resolve("out");
    List<RecordedEvent> events;
    long logBytes;
    try (Recording recording = new Recording()) {
      for (String name : List.of("LogSegment", "Upload", "Pass", "Product")) {
        recording.enable("dev.memtrace." + name).withoutThreshold();
      }
      recording.start();
      try (TraceBackend backend = new CpuBackend(new BackendOptions(1).withListener(heard))) {
        logBytes = BundleStages.assertHeard(golden, backend, heard, out);
      }
      recording.stop();
      Path file = temp.resolve("memtrace.jfr");
      recording.dump(file);
      events = RecordingFile.readAllEvents(file);
    }
    BundleManifest manifest = Bundle.open(out).manifest();

    List<RecordedEvent> segments = named(events, "LogSegment");
    assertThat(segments.stream().mapToLong(event -> event.getInt("entries")).sum())
        .isEqualTo(manifest.log().count());
    assertThat(segments.getFirst().getLong("firstEntry")).isEqualTo(0);
    assertThat(segments.stream().mapToLong(event -> event.getLong("bytes")).sum())
        .isEqualTo(logBytes);
    assertThat(segments.getFirst().getThread().getJavaName())
        .isEqualTo(Thread.currentThread().getName());

    List<RecordedEvent> passes = named(events, "Pass");
    assertThat(passes).hasSameSizeAs(heard.calls());
    for (int i = 0; i < passes.size(); i++) {
      RecordedEvent pass = passes.get(i);
      HeardStages.Heard call = heard.calls().get(i);
      assertThat(pass.getString("stage")).isEqualTo(call.stage().label());
      assertThat(pass.getDuration("ownTime").toNanos()).isEqualTo(call.wallNanos());
      assertThat(pass.getLong("deviceTime")).isEqualTo(Long.MIN_VALUE);
      assertThat(pass.getLong("bytes")).isEqualTo(call.bytes());
      assertThat(pass.getDuration()).isPositive();
    }
    assertThat(named(events, "Upload")).isEmpty();

    Map<String, Long> want = new TreeMap<>();
    for (BundleManifest.AirTrace air : Objects.requireNonNull(manifest.airs())) {
      want.put(air.name(), BundleStages.size(out, air.file()));
    }
    want.put("records", BundleStages.size(out, "records.bin"));
    want.put("aux", BundleStages.size(out, "aux.bin"));
    want.put(
        "Poseidon2",
        BundleStages.size(out, BundleFormat.POSEIDON2_AIR)
            + BundleStages.size(out, BundleFormat.POSEIDON2_AIR_R0));
    Map<String, Long> products = new TreeMap<>();
    for (RecordedEvent product : named(events, "Product")) {
      long bytes = product.getLong("bytes");
      products.merge(product.getString("product"), bytes, Long::sum);
      assertThat(bytes).isEqualTo(4 * product.getLong("rows") * product.getInt("columns"));
    }
    assertThat(products).isEqualTo(want);
  }

  /** Events of a kind in the order of their ends. */
  private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals("dev.memtrace." + name))
        .sorted((a, b) -> a.getEndTime().compareTo(b.getEndTime()))
        .toList();
  }
}
