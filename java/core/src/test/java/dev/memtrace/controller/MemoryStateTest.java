// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import static dev.memtrace.controller.Controllers.BACKEND;
import static dev.memtrace.controller.Controllers.SMALL;
import static dev.memtrace.controller.Controllers.cells;
import static dev.memtrace.controller.Controllers.drain;
import static dev.memtrace.controller.Controllers.open;
import static dev.memtrace.controller.Controllers.someAccesses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Memory that moves from segment to segment. */
class MemoryStateTest {
  /** When a controller is closed. */
  enum Close {
    BEFORE_THE_NEXT_BEGINS,
    WHEN_THE_NEXT_HAS_BEGUN,
    LAST
  }

  private static void finish(MemoryController controller) {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.finalizeMemory(hasher);
    }
  }

  private static MemoryController finished() {
    MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
    controller.setInitialMemory(new AddressMap(SMALL).set(1, 4095, 7).set(3, 100, 8));
    someAccesses(controller);
    finish(controller);
    return controller;
  }

  private static void refused(ThrowingCallable operation, String... parts) {
    assertThatThrownBy(operation)
        .isInstanceOf(IllegalStateException.class)
        .message()
        .contains(parts);
  }

  private static void access(MemoryController controller, Random random) {
    int[] values = new int[8];
    for (int i = 0; i < 30; i++) {
      int n = 1 << random.nextInt(4);
      int space = 1 + random.nextInt(4);
      int pointer = 4096 * random.nextInt(2) + random.nextInt(4000);
      for (int j = 0; j < n; j++) {
        values[j] = random.nextInt(3);
      }
      if (random.nextBoolean()) {
        controller.write(space, pointer, n, values, 0, new int[8], 0);
      } else {
        controller.read(space, pointer, n, values, 0);
      }
    }
  }

  /** A segment made alone, of the image that the one before has left. */
  private static List<List<Integer>> alone(AddressMap initial, long seed) {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL)) {
      controller.setInitialMemory(initial);
      access(controller, new Random(seed));
      finish(controller);
      return drain(controller.generateAirProofInputs());
    }
  }

  @ParameterizedTest
  @EnumSource(Close.class)
  void aChainOfStatesMakesTheTracesOfEachSegmentAlone(Close close) {
    List<MemoryController> open = new ArrayList<>();
    MemoryState state = null;
    int[] root = null;
    for (int segment = 0; segment < 12; segment++) {
      MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
      open.add(controller);
      if (state == null) {
        controller.setInitialMemory(new AddressMap(SMALL).set(2, 3, 4));
      } else {
        controller.setInitialMemory(state);
      }
      if (close == Close.WHEN_THE_NEXT_HAS_BEGUN && segment > 0) {
        open.get(segment - 1).close();
      }
      AddressMap initial = AddressMap.copyOf(controller.memoryImage(), SMALL, BACKEND.pool());
      access(controller, new Random(segment));
      finish(controller);
      if (root != null) {
        assertThat(controller.initialRoot()).isEqualTo(root);
      }
      Map<Long, Integer> after = cells(controller.memoryImage());
      root = controller.finalRoot();
      // Traces may be made before or after the state was handed over.
      List<List<Integer>> traces =
          segment % 2 == 0 ? drain(controller.generateAirProofInputs()) : List.of();
      state = controller.finalState();
      if (traces.isEmpty()) {
        traces = drain(controller.generateAirProofInputs());
      }
      assertThat(traces).as("segment %d", segment).isEqualTo(alone(initial, segment));
      assertThat(cells(state.image())).isEqualTo(after);
      assertThat(cells(controller.finalMemory())).isEqualTo(after);
      assertThat(cells(controller.memoryImage())).isEqualTo(after);
      assertThat(state.root()).isEqualTo(root);
      if (close == Close.BEFORE_THE_NEXT_BEGINS) {
        controller.close();
        assertThat(cells(state.image())).isEqualTo(after);
      }
    }
    open.forEach(MemoryController::close);
    try (MemoryState last = Objects.requireNonNull(state)) {
      assertThat(last.root()).isEqualTo(root);
    }
  }

  @Test
  void theStateIsThatAfterTheReplayedLog() {
    AccessLog log = new AccessLog(SMALL);
    log.appendWrite(2, 5, 1, new int[] {77}, 0);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL)) {
      controller.setMemoryLogs(log);
      finish(controller);
      try (MemoryState state = controller.finalState()) {
        assertThat(cells(state.image())).isEqualTo(Map.of((2L << 32) | 5, 77));
        assertThat(state.root()).isEqualTo(controller.finalRoot());
      }
    }
  }

  @Test
  void aStateIsUsedOnce() {
    try (MemoryController first = finished();
        MemoryController second = open(MemoryMode.PERSISTENT, SMALL);
        MemoryController third = open(MemoryMode.PERSISTENT, SMALL)) {
      MemoryState state = first.finalState();
      second.setInitialMemory(state);
      refused(
          () -> third.setInitialMemory(state), "used by setInitialMemory", "a state is used once");
      refused(state::root, "used by setInitialMemory");
      refused(() -> state.save(Path.of("never")), "used by setInitialMemory");
      refused(first::finalState, "finalState was called before");
      state.close(); // no effect
      assertThat(second.readCell(1, 4095)).isEqualTo(6);
      finish(second);
      assertThat(second.initialRoot()).isEqualTo(first.finalRoot());
      assertThat(cells(third.memoryImage())).isEmpty();
    }
  }

  @Test
  void aClosedStateIsRefused() {
    try (MemoryController first = finished();
        MemoryController second = open(MemoryMode.PERSISTENT, SMALL)) {
      MemoryState state = first.finalState();
      state.close();
      state.close();
      refused(() -> second.setInitialMemory(state), "was closed");
      assertThat(second.state()).isEqualTo(State.ACTIVE);
    }
  }

  @Test
  void aStateThatIsRefusedIsNotUsed() {
    MemoryConfig other = SMALL.withPointerMaxBits(14);
    try (MemoryController first = finished();
        MemoryState state = first.finalState();
        MemoryController otherSpaces = open(MemoryMode.PERSISTENT, other);
        MemoryController zero =
            open(MemoryMode.VOLATILE, SMALL.withPointerMaxBits(13).withRangeMaxBits(7));
        MemoryController begun = open(MemoryMode.PERSISTENT, SMALL);
        MemoryController next = open(MemoryMode.PERSISTENT, SMALL)) {
      assertThatThrownBy(() -> otherSpaces.setInitialMemory(state))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("pointerMaxBits 13; this controller has 1, 2 and 14");
      assertThatThrownBy(() -> zero.setInitialMemory(state))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("takes no state");
      begun.readCell(1, 1);
      refused(() -> begun.setInitialMemory(state), "after the first access");
      next.setInitialMemory(state);
      finish(next);
      assertThat(next.initialRoot()).isEqualTo(first.finalRoot());
    }
  }

  @Test
  void theLastStateBeforeTheFirstAccessCounts() {
    try (MemoryController first = finished();
        MemoryController second = finished();
        MemoryController next = open(MemoryMode.PERSISTENT, SMALL)) {
      next.setInitialMemory(first.finalState());
      next.setInitialMemory(new AddressMap(SMALL).set(1, 1, 1));
      next.setInitialMemory(second.finalState());
      finish(next);
      assertThat(next.initialRoot()).isEqualTo(second.finalRoot());
    }
  }

  @Test
  void aStateServesAConfigurationWithAnotherClock() {
    MemoryConfig longer = SMALL.withClkMaxBits(14);
    try (MemoryController first = finished();
        MemoryController next = open(MemoryMode.PERSISTENT, longer)) {
      next.setInitialMemory(first.finalState());
      next.incrementTimestampBy((1 << 14) - 3); // beyond the clock of the first
      next.writeCell(1, 4095, 5);
      finish(next);
      assertThat(next.initialRoot()).isEqualTo(first.finalRoot());
      try (MemoryState state = next.finalState()) {
        assertThat(state.config()).isEqualTo(longer);
        assertThat(state.image().get(1, 4095)).isEqualTo(5);
        assertThat(state.image().get(3, 100)).isEqualTo(8);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void thereIsNoStateBeforeTheEnd(MemoryMode mode) {
    try (MemoryController controller = open(mode, SMALL)) {
      refused(controller::finalState, "finalState needs a memory controller in state FINALIZED");
      @Nullable Poseidon2Periphery none = null;
      if (mode == MemoryMode.VOLATILE) {
        controller.finalizeMemory(none);
        refused(controller::finalState, "volatile memory has no Merkle root");
      }
    }
  }
}
