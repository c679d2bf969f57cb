// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.oracle.BackendOracle;
import dev.memtrace.oracle.ChainOracle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two items of a launch never touch the same memory without atomics, unless both read. Launches of
 * this backend are recorded in the emulator and run again under ThreadSanitizer, the items of each
 * on several threads. {@code -Dmemtrace.races.cases=N} changes how many random logs there are.
 */
@Tag("unsanitized") // another sanitizer
class KernelRacesTest {
  private static final long SEED = Long.getLong("memtrace.oracle.seed", 20_261_123L);
  private static final int CASES = Integer.getInteger("memtrace.races.cases", 10);
  private static final int RACE = 66;

  private static final List<ReplayTuning> TUNINGS =
      List.of(
          ReplayTuning.defaults(),
          new ReplayTuning(3, true, entries -> 2 * entries + 64),
          // Never enough room at first.
          new ReplayTuning(0, false, _ -> 1));

  @TempDir private Path temp;
  private Emulator emulator;
  private Path program;
  private Path tape;

  @BeforeEach
  void reset() {
    program = Path.of(System.getProperty("memtrace.kernel.races", "none"));
    Assumptions.assumeTrue(Files.exists(program), "kernel_races was not built");
    tape = temp.resolve("tape");
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    CudaFixture.assertNothingLeft(emulator);
  }

  /** Runs the launches of the tape again. */
  private JavaProcess.Result again() throws IOException, InterruptedException {
    Path out = temp.resolve("out.txt");
    ProcessBuilder builder = new ProcessBuilder(program.toString(), tape.toString());
    builder.environment().put("TSAN_OPTIONS", "exitcode=" + RACE);
    Process process = builder.redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      assertThat(process.waitFor(20, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new JavaProcess.Result(
        process.exitValue(), Files.readString(out, StandardCharsets.UTF_8));
  }

  private void segments() {
    for (ReplayTuning tuning : TUNINGS) {
      try (CudaBackend backend =
          new CudaBackend(CudaFixture.open(), new BackendOptions(1), tuning)) {
        for (int i = 0; i < CASES; i++) {
          BackendOracle.check(SEED, i, backend, tuning.toString());
        }
        for (int i = 0; i < CASES / 5; i++) {
          ChainOracle.check(SEED, i, List.of(backend), null);
        }
      }
    }
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(1))) {
      for (int i = 0; i < Math.max(2, CASES / 10); i++) {
        BackendOracle.checkLong(SEED, i, 3_000, backend, "long");
      }
    }
  }

  /** What a segment does not need by itself. */
  private static void passesApart() {
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer states = stream.allocateZeroed(64 * 100, "test");
        DeviceBuffer digests = stream.allocate(32 * 100, "test")) {
      DevicePoseidon2.permute(stream, states);
      DevicePoseidon2.compress(stream, states, digests);
      stream.synchronize();
      fingerprint(device, states, () -> cublas(device));
      fingerprint(device, states, KernelRacesTest::without);
    }
  }

  private static void fingerprint(
      CudaDevice device, DeviceBuffer cells, DeviceFingerprint.Opener opener) {
    try (DeviceFingerprint fingerprints =
        new DeviceFingerprint(device, new BufferPool(0), opener)) {
      fingerprints.of(cells, cells.bytes() / 4, SEED);
    }
  }

  private static Cublas cublas(CudaDevice device) throws ReasonException {
    CublasEmulator.load();
    return Cublas.open(
        device, new CudaInstallation(CudaFixture.settings(), JarContent.ofProcess()));
  }

  private static Cublas without() throws ReasonException {
    throw new ReasonException("test");
  }

  @Test
  void noLaunchHasARace() throws Exception {
    emulator.record(
        tape,
        () -> {
          segments();
          passesApart();
        });
    JavaProcess.Result result = again();
    assertThat(result.code()).as(result.text()).isZero();
    try (Stream<String> kernels = result.text().lines()) {
      assertThat(kernels.filter(line -> line.endsWith(" never")))
          .as("kernels that no launch has shown to be without races")
          .isEmpty();
    }
  }

  /** A matrix that is transposed in its place: items read what others write. */
  @Test
  void aRaceIsFound() throws Exception {
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer cells = stream.allocateZeroed(4 * 64 * 64, "test")) {
      emulator.record(
          tape,
          () -> {
            long at = cells.address();
            stream.launch(device.kernel("convert"), 64 * 64, 0, at, at, 64, 64, 0, 1, 1, 1);
            stream.synchronize();
          });
    }
    JavaProcess.Result result = again();
    assertThat(result.code()).isEqualTo(RACE);
    assertThat(result.text()).contains("ThreadSanitizer: data race", "convert.cu");
  }
}
