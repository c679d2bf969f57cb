// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceBackendsTest {
  @Test
  void theCpuBackendIsAlwaysThere() throws BackendUnavailableException {
    assertThat(TraceBackends.names()).contains("cpu");
    assertThat(TraceBackends.sharedCpu().name()).isEqualTo("cpu");
    assertThat(TraceBackends.sharedCpu()).isSameAs(TraceBackends.sharedCpu());
    assertThat(TraceBackends.shared()).isSameAs(TraceBackends.shared());
    try (TraceBackend auto = TraceBackends.create("auto", BackendOptions.defaults());
        TraceBackend cpu = TraceBackends.create("cpu", new BackendOptions(1))) {
      assertThat(auto).isNotSameAs(cpu);
      assertThat(cpu.name()).isEqualTo("cpu");
    }
  }

  @Test
  void anUnknownBackendIsRefusedWithReasons() {
    assertThatThrownBy(() -> TraceBackends.create("abacus", BackendOptions.defaults()))
        .isInstanceOfSatisfying(
            BackendUnavailableException.class,
            e -> {
              assertThat(e.reasons()).hasSize(1);
              assertThat(e.getMessage()).contains("abacus", "cpu");
            });
  }

  @Test
  void threadsHaveLimits() {
    for (int threads : new int[] {0, -1, 1025, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> new BackendOptions(threads))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("threads is " + threads);
    }
    assertThat(BackendOptions.defaults().threads()).isPositive();
    assertThat(new BackendOptions(1024).threads()).isEqualTo(1024);
  }

  @Test
  void theTraceOfAnUnusedHasherHasNoRows() {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      for (int registers = 0; registers < 2; registers++) {
        try (TraceMatrix trace = TraceBackends.sharedCpu().poseidon2Trace(hasher, registers)) {
          assertThat(trace.height()).isZero();
          assertThat(trace.width()).isEqualTo(registers == 1 ? 300 : 159);
          assertThat(trace.segment().byteSize()).isZero();
        }
      }
      for (int registers : new int[] {-1, 2}) {
        assertThatThrownBy(() -> TraceBackends.sharedCpu().poseidon2Trace(hasher, registers))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void theTraceOfTheRangeChecker() {
    VariableRangeChecker rangeChecker = new VariableRangeChecker(new RangeCheckerBus(1, 5));
    rangeChecker.addCount(9, 5);
    rangeChecker.addCount(9, 5);
    rangeChecker.addCount(0, 0);
    try (TraceMatrix trace = TraceBackends.sharedCpu().rangeCheckerTrace(rangeChecker)) {
      assertThat(trace.height()).isEqualTo(64);
      assertThat(trace.width()).isEqualTo(1);
      for (int row = 0; row < 64; row++) {
        assertThat(trace.get(row, 0)).isEqualTo(row == 41 ? 2 : row == 1 ? 1 : 0);
      }
    }
  }

  @Test
  void heightsAsAStructure() {
    MemoryTraceHeights heights =
        MemoryTraceHeights.of(MemoryMode.PERSISTENT, List.of(0L, 58L, 0L, 1L, 5L));
    assertThat(heights).isEqualTo(new MemoryTraceHeights.Persistent(0, 58, List.of(0L, 1L, 5L)));
    assertThat(heights.mode()).isEqualTo(MemoryMode.PERSISTENT);
    assertThat(heights.accessAdapters()).containsExactly(0L, 1L, 5L);
    assertThat(heights.roundToNextPowerOfTwo().toList()).containsExactly(1L, 64L, 1L, 1L, 8L);
    assertThat(heights.roundToNextPowerOfTwoOrZero().toList()).containsExactly(0L, 64L, 0L, 1L, 8L);
    MemoryTraceHeights simple = MemoryTraceHeights.of(MemoryMode.VOLATILE, List.of(3L, 4L));
    assertThat(simple).isEqualTo(new MemoryTraceHeights.Volatile(3, List.of(4L)));
    assertThat(simple.mode()).isEqualTo(MemoryMode.VOLATILE);
    assertThat(simple.toList()).containsExactly(3L, 4L);
    assertThat(simple.roundToNextPowerOfTwo().mode()).isEqualTo(MemoryMode.VOLATILE);
  }
}
