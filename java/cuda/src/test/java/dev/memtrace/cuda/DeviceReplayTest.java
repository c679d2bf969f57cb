// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.workload.LogShape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sizes beyond 32 bits. */
class DeviceReplayTest {
  private final Emulator emulator = Emulator.load();

  @AfterEach
  void nothingIsLeft() {
    CudaFixture.assertNothingLeft(emulator);
    emulator.reset();
  }

  @Test
  void theBuffersOfALogOfAHundredMillionEntries() {
    long entries = 100_000_000;
    assertThat(DeviceReplay.logBytes(entries)).isEqualTo(1_200_000_012L);
    assertThat(DeviceReplay.eventBytes(MemoryMode.PERSISTENT, entries, false, 9 * entries))
        .isEqualTo(3_600_000_000L);
    assertThat(DeviceReplay.eventBytes(MemoryMode.PERSISTENT, entries, false, 21 * entries))
        .isEqualTo(3_700_000_000L);
    assertThat(DeviceReplay.eventBytes(MemoryMode.VOLATILE, 32 * entries, true, 0))
        .isEqualTo(140_800_000_000L);
    assertThat(DeviceRangeCounts.items(entries * 100)).isEqualTo(156_250_016L);
  }

  /** 40 bytes an event and 12 an entry, whatever the accesses are like, and the log. */
  @ParameterizedTest
  @EnumSource
  void theMemoryOfAReplayIsBounded(LogShape shape) {
    BufferPool pool = new BufferPool(0);
    AccessLog log = shape.generate(100_000, 5, pool);
    for (MemoryMode mode : MemoryMode.values()) {
      try (CudaDevice device = CudaFixture.open();
          CudaStream stream = device.openStream();
          DeviceLog deviceLog = new DeviceLog(stream)) {
        log.segments().forEach(deviceLog::append);
        long logBytes = deviceLog.headers().bytes() + deviceLog.cells().bytes();
        stream.synchronize();
        device.takePeakBytes();
        ReplayTuning tuning = ReplayTuning.defaults();
        try (DeviceReplay replay =
            new DeviceReplay(stream, tuning, mode, log.config(), deviceLog, pool)) {
          long events = replay.summary().events();
          long accesses = deviceLog.accesses();
          long room = Math.max(events, tuning.firstCapacity().applyAsLong(accesses));
          assertThat(events).isGreaterThanOrEqualTo(accesses);
          assertThat(room).isLessThanOrEqualTo(Math.max(events, accesses + accesses / 32 + 1024));
          long granules = 1L << 21;
          assertThat(device.takePeakBytes())
              .as("%s", mode)
              .isLessThanOrEqualTo(
                  logBytes + 40 * room + 12 * (log.size() + 1) + granules + Summary.BYTES);
        }
      }
    }
    log.release();
  }

  @Test
  void moreEventsThanTheDeviceCountsAreRefused() {
    MemoryConfig config = MemoryConfig.defaults();
    VariableRangeChecker rangeChecker = new VariableRangeChecker(new RangeCheckerBus(1, 17));
    // Room for 2^32 events and more, which 2^28 accesses of 32 cells could have.
    ReplayTuning tuning = new ReplayTuning(22, false, _ -> 1L << 33);
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(1), tuning);
        MemoryController controller =
            MemoryController.withVolatileMemory(new MemoryBus(0), config, rangeChecker, backend)) {
      int[] cells = new int[32];
      for (int i = 0; i < 100; i++) {
        controller.write(1, 32 * i, 32, cells, 0, cells, 0);
      }
      // A log of 100 entries has at most 3,200 events: the guess is cut to that.
      controller.finalizeMemory(null);
      assertThat(controller.currentTraceHeights()[0]).isEqualTo(3200);
    }
    assertThatThrownBy(() -> DeviceReplay.requireCountable(1L << 32, 0))
        .isInstanceOf(DeviceMemoryException.class)
        .hasMessageContaining("4294967296")
        .hasMessageContaining("2^32 - 2");
  }
}
