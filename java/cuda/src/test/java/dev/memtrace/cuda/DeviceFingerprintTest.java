// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.backend.Fingerprint;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fingerprints of traces on the device, by cuBLAS and by a kernel, are those of the CPU. */
class DeviceFingerprintTest {
  private static final int COLUMN_WORDS = 1 << 14;
  private static final int OUT_OF_MEMORY = 2;
  private static final int LAUNCH_FAILED = 719;

  private final BufferPool pool = new BufferPool(1 << 20);
  private Emulator emulator;
  private CublasEmulator cublas;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
    cublas = CublasEmulator.load();
    cublas.fail(0, 0);
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(cublas.live()).isZero();
    CudaFixture.assertNothingLeft(emulator);
    cublas.fail(0, 0);
    emulator.reset();
  }

  private static Cublas without() throws ReasonException {
    throw new ReasonException("test");
  }

  private DeviceFingerprint with(CudaDevice device) {
    return new DeviceFingerprint(
        device,
        pool,
        () ->
            Cublas.open(
                device, new CudaInstallation(CudaFixture.settings(), JarContent.ofProcess())));
  }

  private static MemorySegment cells(int words, Random random) {
    MemorySegment cells = Arena.ofAuto().allocate(4L * words, 8);
    for (int i = 0; i < words; i++) {
      cells.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt(BabyBear.P));
    }
    return cells;
  }

  private static long want(MemorySegment cells, long seed) {
    try (Workers workers = new Workers(1)) {
      return new Fingerprint(seed).of(cells, workers);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1,0,1",
    "4,0,1",
    "16383,0,1",
    "16384,0,1",
    "16385,0,1",
    "49152,0,1",
    "65536,1,0",
    "65537,1,1",
    "81920,1,1",
    "131072,1,0",
    "150001,1,1"
  })
  void equalsTheCpu(int words, int wholeProducts, int paddedProducts) {
    Random random = new Random(words);
    long seed = random.nextLong();
    MemorySegment cells = cells(words, random);
    long want = want(cells, seed);
    for (int order = 0; order < 3; order++) {
      emulator.set("order", order);
      emulator.set("defer", order % 2);
      try (CudaDevice device = CudaFixture.open();
          CudaStream stream = device.openStream();
          DeviceBuffer trace = stream.allocate(4L * words, "test");
          DeviceFingerprint byKernel =
              new DeviceFingerprint(device, pool, DeviceFingerprintTest::without);
          DeviceFingerprint byLibrary = with(device)) {
        stream.copyToDevice(cells, trace, 0);
        stream.synchronize();
        long before = cublas.products();
        assertThat(byKernel.of(trace, words, seed)).isEqualTo(want);
        assertThat(cublas.products()).isEqualTo(before);
        assertThat(byLibrary.of(trace, words, seed)).isEqualTo(want);
        assertThat(cublas.products()).isEqualTo(before + wholeProducts + paddedProducts);
        assertThat(byLibrary.of(trace, words, seed + 1)).isEqualTo(want(cells, seed + 1));
        assertThat(byLibrary.of(trace, words / 2, seed))
            .isEqualTo(want(cells.asSlice(0, words / 2 * 4L), seed));
        assertThat(byKernel.of(trace, 0, seed)).isZero();
        assertThat(byLibrary.of(trace, 0, seed)).isZero();
        assertThatThrownBy(() -> byKernel.of(trace, words + 1, seed))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
  }

  /** The words 1, 2, 3, 4 under the seed 42. */
  @Test
  void aKnownFingerprint() {
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer trace = CudaFixture.buffer(stream, 1, 2, 3, 4);
        DeviceFingerprint byKernel =
            new DeviceFingerprint(device, pool, DeviceFingerprintTest::without);
        DeviceFingerprint byLibrary = with(device)) {
      stream.synchronize();
      assertThat(byKernel.of(trace, 4, 42)).isEqualTo(4266540408767742084L);
      assertThat(byLibrary.of(trace, 4, 42)).isEqualTo(4266540408767742084L);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,0", "0,15", "3,13"})
  void aKernelDoesWhatCublasRefuses(int create, int product) {
    Random random = new Random(create);
    int words = 5 * COLUMN_WORDS + 77;
    MemorySegment cells = cells(words, random);
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer trace = stream.allocate(4L * words, "test");
        DeviceFingerprint fingerprints = with(device)) {
      stream.copyToDevice(cells, trace, 0);
      stream.synchronize();
      cublas.fail(create, product);
      long before = cublas.products();
      assertThat(fingerprints.of(trace, words, 5)).isEqualTo(want(cells, 5));
      assertThat(cublas.live()).isZero();
      cublas.fail(0, 0);
      assertThat(fingerprints.of(trace, words, 5)).isEqualTo(want(cells, 5));
      assertThat(cublas.products()).isEqualTo(before);
    }
  }

  private static CudaBackend open() {
    return new CudaBackend(CudaFixture.open(), new BackendOptions(1));
  }

  @Test
  void aBackendComputesThemWhereTracesLie() {
    try (CudaBackend backend = open();
        CudaBackend other = open();
        CpuBackend cpu = new CpuBackend(new BackendOptions(2));
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      for (int i = 0; i < 70; i++) {
        hasher.recordCompression(new int[] {i, 1, 2, 3, 4, 5, 6, 7}, new int[8]);
      }
      TraceMatrix onHost = cpu.poseidon2Trace(hasher, 1);
      TraceMatrix onDevice = backend.poseidon2Trace(hasher, 1);
      try (onHost;
          onDevice) {
        long want = cpu.fingerprint(onHost, 9);
        long before = cublas.products();
        assertThat(backend.fingerprint(onDevice, 9)).isEqualTo(want);
        assertThat(cublas.products()).isGreaterThan(before);
        before = cublas.products();
        assertThat(backend.fingerprint(onHost, 9)).isEqualTo(want);
        assertThat(other.fingerprint(onDevice, 9)).isEqualTo(want);
        assertThat(cpu.fingerprint(onDevice, 9)).isEqualTo(want);
        assertThat(cublas.products()).isEqualTo(before);
        assertThat(backend.fingerprint(onDevice, 10)).isNotEqualTo(want);
      }
      assertThatThrownBy(() -> backend.fingerprint(onDevice, 9))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deviceMemoryThatEndsAtEachAllocationInTurn(boolean library) {
    MemorySegment cells = cells(COLUMN_WORDS, new Random(2));
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer trace = stream.allocate(cells.byteSize(), "test");
        DeviceFingerprint fingerprints =
            library
                ? with(device)
                : new DeviceFingerprint(device, pool, DeviceFingerprintTest::without)) {
      stream.copyToDevice(cells, trace, 0);
      stream.synchronize();
      emulator.reset();
      long want = fingerprints.of(trace, COLUMN_WORDS, 3);
      long allocations = emulator.count("allocation");
      assertThat(allocations).isEqualTo(library ? 4 : 2);
      long live = emulator.live("device_allocations");
      for (long nth = 1; nth <= allocations; nth++) {
        emulator.fail("allocation", nth, OUT_OF_MEMORY);
        assertThatThrownBy(() -> fingerprints.of(trace, COLUMN_WORDS, 3))
            .isInstanceOf(DeviceMemoryException.class);
        assertThat(emulator.live("device_allocations")).isEqualTo(live);
        emulator.reset();
        assertThat(fingerprints.of(trace, COLUMN_WORDS, 3)).isEqualTo(want);
      }
    }
  }

  @Test
  void aLostDeviceIsNotHidden() {
    CudaBackend backend = open();
    try (backend;
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      hasher.recordCompression(new int[8], new int[8]);
      try (TraceMatrix trace = backend.poseidon2Trace(hasher, 0)) {
        assertThat(backend.fingerprint(trace, 1)).isNotZero();
        emulator.fail("kernel:memtrace_fold_products", 1, LAUNCH_FAILED);
        assertThatThrownBy(() -> backend.fingerprint(trace, 1))
            .isInstanceOf(DeviceLostException.class);
        assertThatThrownBy(() -> backend.fingerprint(trace, 1))
            .isInstanceOf(DeviceLostException.class);
      }
    }
    emulator.reset();
  }
}
