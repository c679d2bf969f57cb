// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs every stress test for a moment, which is enough to see a lock that is missing. */
class StressTest {
  /** Tests in this module, so that none is left out unseen. */
  private static final int TESTS = 14;

  private static final String MILLIS = System.getProperty("memtrace.stress.millis", "100");

  @TempDir private Path temp;

  @Test
  void noPromiseIsBrokenInAMoment() throws Exception {
    Assumptions.assumeTrue(
        Runtime.getRuntime().availableProcessors() >= 2, "two threads need two processors");
    Path out = temp.resolve("out.txt");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "org.openjdk.jcstress.Main",
            "-t",
            "dev.memtrace.stress",
            "-f",
            "1",
            "-iters",
            "1",
            "-time",
            MILLIS,
            "-sc",
            "false",
            "-jvmArgs",
            "-Xmx256m -XX:+UseParallelGC",
            "-r",
            temp.toString());
    Process process =
        new ProcessBuilder(command)
            .directory(temp.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    try {
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    String text = Files.readString(out, StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as(text).isZero();
    assertThat(text)
        .contains(
            "Results: %1$d planned; %1$d passed, 0 failed, 0 soft errs, 0 hard errs"
                .formatted(TESTS));
  }
}
