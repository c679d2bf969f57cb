// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.cpu.CpuBackend;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The traces of golden logs have the digests that the reference's traces have. */
class GoldenTest {
  /** The log of this guest is so long that one thread count must do. */
  private static final String LARGE = "regex-0";

  @TempDir private Path temp;

  static Stream<Path> ownCases() throws IOException, URISyntaxException {
    return GoldenCases.own();
  }

  static Stream<Path> sharedCases() throws IOException {
    List<Path> cases = GoldenCases.shared().toList();
    return cases.isEmpty() ? Stream.of(Path.of("skipped")) : cases.stream();
  }

  @ParameterizedTest
  @MethodSource("ownCases")
  void ownCase(Path golden) throws IOException {
    for (int threads : List.of(1, 2, 5)) {
      assertDigestsEqual(golden, threads);
    }
  }

  @ParameterizedTest
  @MethodSource("sharedCases")
  void sharedCase(Path golden) throws IOException {
    assumeFalse(golden.endsWith("skipped"), "no golden cases beside the checkout");
    assertDigestsEqual(golden, golden.endsWith(LARGE) ? 2 : 3);
  }

  private void assertDigestsEqual(Path golden, int threads) throws IOException {
    try (TraceBackend backend = new CpuBackend(new BackendOptions(threads))) {
      GoldenCases.assertDigestsEqual(golden, backend, temp.resolve("out" + threads));
    }
  }
}
