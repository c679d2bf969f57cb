// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.bundle.GoldenCases;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The CUDA backend makes the golden traces, free row order included. */
class CudaGoldenTest {
  /** Logs of more compressed bytes are left to {@code -Dmemtrace.cuda.guests=true}. */
  private static final long LARGE = 2 << 20;

  @TempDir private Path temp;
  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    CudaFixture.assertNothingLeft(emulator);
  }

  static Stream<Path> ownCases() throws IOException, URISyntaxException {
    return GoldenCases.own();
  }

  static Stream<Path> sharedCases() throws IOException {
    List<Path> cases =
        GoldenCases.shared()
            .filter(golden -> Boolean.getBoolean("memtrace.cuda.guests") || isSmall(golden))
            .toList();
    return cases.isEmpty() ? Stream.of(Path.of("skipped")) : cases.stream();
  }

  private static boolean isSmall(Path golden) {
    try {
      Path log = golden.resolve("log.bin.gz");
      return !Files.exists(log) || Files.size(log) < LARGE;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @MethodSource("ownCases")
  void ownCase(Path golden) throws IOException {
    for (int order = 0; order < 3; order++) {
      emulator.set("order", order);
      emulator.set("defer", order);
      assertDigestsEqual(golden, temp.resolve("out" + order));
    }
  }

  @ParameterizedTest
  @MethodSource("sharedCases")
  void sharedCase(Path golden) throws IOException {
    assumeFalse(golden.endsWith("skipped"), "no golden cases beside the checkout");
    assertDigestsEqual(golden, temp.resolve("out"));
  }

  @Test
  void chainOfARealProgram() throws IOException {
    Path guests = Path.of(System.getProperty("memtrace.shared", "nowhere"), "golden", "guests");
    assumeTrue(Files.isDirectory(guests), "no golden cases beside the checkout");
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(2))) {
      GoldenCases.assertChainDigestsEqual(
          List.of(guests.resolve("kitchen-sink-0"), guests.resolve("kitchen-sink-1")),
          backend,
          temp.resolve("chain"));
    }
    assertThat(emulator.count("kernel:memtrace_image_chunk_flags")).isEqualTo(1);
  }

  private static void assertDigestsEqual(Path golden, Path out) throws IOException {
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(2))) {
      GoldenCases.assertDigestsEqual(golden, backend, out);
    }
  }
}
