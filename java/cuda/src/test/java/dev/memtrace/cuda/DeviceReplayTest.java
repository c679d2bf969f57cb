// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

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
    assertThat(DeviceReplay.bytes(MemoryMode.PERSISTENT, entries, entries, false, true))
        .isEqualTo(5_600_000_012L);
    assertThat(DeviceReplay.bytes(MemoryMode.VOLATILE, entries, 32 * entries, true, false))
        .isEqualTo(142_000_000_000L);
    assertThat(DeviceRangeCounts.items(entries * 100)).isEqualTo(156_250_016L);
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
