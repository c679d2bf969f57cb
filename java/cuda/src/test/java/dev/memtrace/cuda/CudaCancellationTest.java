// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.bundle.Cancellations;
import dev.memtrace.bundle.GoldenCases;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A generation on a device that is not wanted any more ends with its stage and leaves nothing. */
class CudaCancellationTest {
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

  static Stream<Path> cases() throws IOException, URISyntaxException {
    return GoldenCases.own();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void endsAtEachMoment(Path golden) throws IOException {
    Cancellations.assertPromptAndClean(
        golden,
        listener ->
            new CudaBackend(CudaFixture.open(), new BackendOptions(1).withListener(listener)),
        temp);
  }
}
