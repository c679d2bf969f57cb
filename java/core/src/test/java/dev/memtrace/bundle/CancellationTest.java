// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A generation that is not wanted any more ends with its stage. */
class CancellationTest {
  @TempDir private Path temp;

  static Stream<Path> cases() throws IOException, URISyntaxException {
    return GoldenCases.own();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void endsAtEachMoment(Path golden) throws IOException {
    Cancellations.assertPromptAndClean(
        golden,
        listener -> new CpuBackend(new BackendOptions(1).withListener(listener), new BufferPool(0)),
        temp);
  }
}
