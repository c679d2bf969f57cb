// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleGenerator;
import dev.memtrace.bundle.BundleStages;
import dev.memtrace.bundle.GenerationListener;
import dev.memtrace.bundle.GoldenCases;
import dev.memtrace.bundle.Product;
import dev.memtrace.instrument.HeardStages;
import dev.memtrace.instrument.HeardStages.Heard;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.StageListener;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What listeners, profilers and the flight recorder learn of the CUDA backend. */
class CudaInstrumentsTest {
  @TempDir private Path temp;
  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(emulator.count("range_without_push")).isEqualTo(0);
    CudaFixture.assertNothingLeft(emulator);
  }

  static Stream<Path> cases() throws IOException, URISyntaxException {
    return GoldenCases.own();
  }

  private static CudaBackend backend(StageListener listener) {
    return new CudaBackend(CudaFixture.open(), new BackendOptions(1).withListener(listener));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aListenerHearsEveryStage(Path golden) throws IOException {
    HeardStages heard = new HeardStages();
    Path out = temp.resolve("out");
    long uploaded;
    try (CudaBackend backend = backend(heard)) {
      long before = emulator.count("bytes_to_device");
      BundleStages.assertHeard(golden, backend, heard, out);
      uploaded = emulator.count("bytes_to_device") - before;
    }
    assertThat(heard.bytes(Stage.UPLOAD)).isPositive().isEqualTo(uploaded);
    long records = BundleStages.size(out, "records.bin");
    assertThat(heard.bytes(Stage.RECORDS)).isEqualTo(records);
    long products = records + BundleStages.size(out, "aux.bin") + bytesOfTraces(out);
    // The read-backs that passes wait for are no transfers.
    assertThat(heard.bytes(Stage.TRANSFER)).isBetween(products, emulator.count("bytes_to_host"));
    assertThat(heard.calls()).allMatch(call -> call.deviceNanos() >= 0);
    assertThat(heard.calls().stream().mapToLong(Heard::deviceNanos).sum()).isPositive();
    for (Stage stage : Stage.values()) {
      assertThat(emulator.count("range:" + stage.label()))
          .as("ranges of %s", stage)
          .isEqualTo(heard.calls().stream().filter(call -> call.stage() == stage).count());
    }
  }

  private static long bytesOfTraces(Path out) throws IOException {
    try (Stream<Path> files = Files.list(out)) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).matches(".*air_.*[.]bin"))
          .mapToLong(file -> file.toFile().length())
          .sum();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void withoutAListenerThereAreRangesAndEventsOfTheRecorderButNoTimes(Path golden)
      throws IOException {
    List<RecordedEvent> events;
    try (Recording recording = new Recording()) {
      recording.enable("dev.memtrace.Upload").withoutThreshold();
      recording.enable("dev.memtrace.Pass").withoutThreshold();
      recording.start();
      try (CudaBackend backend = backend(StageListener.NONE)) {
        new BundleGenerator(Bundle.open(golden), backend, Product.all(), GenerationListener.NONE)
            .generate(temp.resolve("out"), false);
      }
      recording.stop();
      Path file = temp.resolve("memtrace.jfr");
      recording.dump(file);
      events = RecordingFile.readAllEvents(file);
    }
    assertThat(emulator.count("cuEventElapsedTime")).isEqualTo(0);
    assertThat(emulator.count("cuEventSynchronize")).isEqualTo(0);
    List<RecordedEvent> uploads =
        events.stream()
            .filter(event -> event.getEventType().getName().equals("dev.memtrace.Upload"))
            .toList();
    assertThat(uploads).hasSize((int) emulator.count("range:upload"));
    assertThat(uploads.stream().mapToLong(event -> event.getLong("bytes")).sum())
        .isEqualTo(emulator.count("bytes_to_device"));
    long replays =
        events.stream()
            .filter(event -> event.getEventType().getName().equals("dev.memtrace.Pass"))
            .filter(event -> event.getString("stage").equals("replay"))
            .count();
    assertThat(replays).isEqualTo(emulator.count("range:replay")).isEqualTo(1);
  }
}
