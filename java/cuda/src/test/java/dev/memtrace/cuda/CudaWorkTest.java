// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendLimits;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.workload.LogShape;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Work of a segment that does not depend on the device: who adds to it sees it here. */
class CudaWorkTest {
  private static final int ENTRIES = 3000;

  /** Counts of all values of 0 to 17 bits. */
  private static final long RANGE_TABLE_BYTES = 4L << 18;

  /** Kernels that run over all entries of the log. */
  private static final List<String> PASSES =
      List.of("page_alignment", "entry_sizes", "event_keys", "classify");

  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    CudaFixture.assertNothingLeft(emulator);
    emulator.reset();
  }

  /** What a segment took. */
  private record Work(
      long launches, long passes, long waits, long toDevice, long toHost, long logBytes) {}

  /** The work of a segment, from its log to its traces, which stay on the device. */
  private Work work(CudaBackend backend, LogShape shape, int entries) {
    AccessLog log = shape.generate(entries, 1, backend.pool());
    long logBytes = 0;
    for (LogSegment segment : log.segments()) {
      logBytes += 8L * segment.entries() + 4L * segment.valueWords();
    }
    try (MemoryController memory =
            MemoryController.withPersistentMemory(
                new MemoryBus(0),
                MemoryConfig.defaults(),
                new VariableRangeChecker(new RangeCheckerBus(3, 17)),
                new MerkleBus(1),
                new CompressionBus(2),
                backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      emulator.reset();
      memory.setMemoryLogs(log);
      memory.finalizeMemory(hasher);
      memory.generateAirProofInputs().forEach(AirProofInput::close);
      memory.generateAuxColumns().close();
      backend.poseidon2Trace(hasher, 1).close();
      return new Work(
          emulator.count("kernel:"),
          PASSES.stream().mapToLong(pass -> emulator.count("kernel:memtrace_" + pass)).sum(),
          emulator.count("synchronisation"),
          emulator.count("bytes_to_device"),
          emulator.count("bytes_to_host"),
          logBytes);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSegmentTakesNoMoreThanItDid(LogShape shape) {
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(1))) {
      work(backend, shape, ENTRIES); // makes what is made once a device
      Work work = work(backend, shape, ENTRIES);
      // Beyond the guess of its events a log is replayed again from the keys on, which is rare.
      boolean again = shape == LogShape.UNALIGNED_MIX;
      assertThat(work.launches()).isLessThanOrEqualTo(again ? 112 : 79);
      assertThat(work.passes()).isEqualTo(again ? PASSES.size() + 2 : PASSES.size());
      assertThat(work.waits()).isLessThanOrEqualTo(again ? 16 : 14);
      assertThat(work.toDevice()).as("the log, once").isEqualTo(work.logBytes());
      assertThat(work.toHost())
          .as("both tables of range counts, and little else")
          .isBetween(2 * RANGE_TABLE_BYTES, 2 * RANGE_TABLE_BYTES + 4096);
    }
  }

  @Test
  void launchesAndWaitsDoNotGrowWithTheLog() {
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(1))) {
      work(backend, LogShape.RISCV_REGISTERS, ENTRIES);
      Work shorter = work(backend, LogShape.RISCV_REGISTERS, ENTRIES);
      Work longer = work(backend, LogShape.RISCV_REGISTERS, 8 * ENTRIES);
      assertThat(longer.launches()).isEqualTo(shorter.launches());
      assertThat(longer.passes()).isEqualTo(shorter.passes());
      assertThat(longer.waits()).isEqualTo(shorter.waits());
      assertThat(longer.toHost()).isEqualTo(shorter.toHost());
    }
  }

  @Test
  void theLimitsAreMeasured() {
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(1))) {
      BackendLimits limits = backend.measureLimits();
      assertThat(limits.bytesPerSecond()).isPositive().isFinite();
      assertThat(limits.permutationsPerSecond()).isPositive().isFinite();
      assertThat(limits.transferredBytesPerSecond()).isPositive().isFinite();
      assertThat(emulator.count("kernel:memtrace_poseidon2_permute")).isGreaterThan(1);
    }
  }

  @Test
  void thePeakOfDeviceMemoryIsThatSinceTheLastQuestion() {
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream()) {
      long before = device.liveBytes();
      device.takePeakBytes();
      stream.allocate(5000, "test").close();
      stream.allocate(3000, "test").close();
      assertThat(device.takePeakBytes()).isEqualTo(before + 5000);
      assertThat(device.takePeakBytes()).isEqualTo(before);
    }
  }
}
