// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import static dev.memtrace.controller.Controllers.P;
import static dev.memtrace.controller.Controllers.SMALL;
import static dev.memtrace.controller.Controllers.cells;
import static dev.memtrace.controller.Controllers.drain;
import static dev.memtrace.controller.Controllers.open;
import static dev.memtrace.controller.Controllers.rangeChecker;
import static dev.memtrace.controller.Controllers.someAccesses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.MemoryTraceHeights;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.periphery.MemoryAuxColsFactory;
import dev.memtrace.periphery.MemoryReadAuxCols;
import dev.memtrace.periphery.MemoryReadOrImmediateAuxCols;
import dev.memtrace.periphery.MemoryWriteAuxCols;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What spec/memory-model.md, sections 4 to 6, says that the operations do. */
class MemoryControllerTest {
  private static final int[] EMPTY_ROOT = {
    1164049896, 253034003, 841114130, 1897258050, 1186077553, 309431251, 1806896828, 87556115
  };

  // Construction and description.

  @Test
  void aNewVolatileController() {
    MemoryConfig config = MemoryConfig.defaults();
    VariableRangeChecker rangeChecker = rangeChecker(config);
    try (MemoryController controller = open(MemoryMode.VOLATILE, config, rangeChecker)) {
      assertThat(controller.state()).isEqualTo(State.ACTIVE);
      assertThat(controller.timestamp()).isEqualTo(1);
      assertThat(controller.memoryLogs().size()).isZero();
      assertThat(controller.lastRecordId()).isEqualTo(-1);
      assertThat(controller.memoryImage().nonZeroCells()).isZero();
      assertThat(controller.unsafeReadCell(8, (1 << 29) - 1)).isZero();
      assertThat(controller.mode()).isEqualTo(MemoryMode.VOLATILE);
      assertThat(controller.config()).isEqualTo(config);
      assertThat(controller.airNames())
          .containsExactly(
              "Boundary",
              "AccessAdapter<2>",
              "AccessAdapter<4>",
              "AccessAdapter<8>",
              "AccessAdapter<16>",
              "AccessAdapter<32>");
      assertThat(controller.airs().stream().map(air -> air.width()))
          .containsExactly(12, 11, 13, 17, 25, 41);
      assertThat(controller.currentTraceHeights()).containsExactly(0, 0, 0, 0, 0, 0);
      assertThat(controller.currentTraceCells()).containsExactly(0, 0, 0, 0, 0, 0);
      assertThat(controller.memoryBridge().memoryBus().index()).isEqualTo(1);
      assertThat(controller.memoryBridge().clkMaxBits()).isEqualTo(29);
      assertThat(controller.memoryBridge().rangeBus()).isEqualTo(rangeChecker.bus());
      assertThat(controller.dummyMemoryTraceHeights())
          .isEqualTo(new MemoryTraceHeights.Volatile(1, List.of(1L, 1L, 1L, 1L, 1L)));
    }
  }

  @Test
  void aNewPersistentController() {
    MemoryConfig config = SMALL.withMaxAccessAdapterN(16);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, config)) {
      assertThat(controller.state()).isEqualTo(State.ACTIVE);
      assertThat(controller.airNames())
          .containsExactly(
              "Boundary",
              "Merkle",
              "AccessAdapter<2>",
              "AccessAdapter<4>",
              "AccessAdapter<8>",
              "AccessAdapter<16>");
      assertThat(controller.airs().stream().map(air -> air.width()))
          .containsExactly(20, 32, 11, 13, 17, 25);
      assertThat(controller.airs().stream().map(air -> air.publicValues()))
          .containsExactly(0, 16, 0, 0, 0, 0);
      assertThat(controller.currentTraceHeights()).containsExactly(0, 2, 0, 0, 0, 0);
      assertThat(controller.currentTraceCells()).containsExactly(0, 64, 0, 0, 0, 0);
      assertThat(controller.dummyMemoryTraceHeights())
          .isEqualTo(new MemoryTraceHeights.Persistent(1, 1, List.of(1L, 1L, 1L, 1L)));
    }
  }

  // Accesses.

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 16, 32})
  void accessesOfEverySize(int n) {
    MemoryConfig config = MemoryConfig.defaults();
    int end = config.addressSpaceSize();
    try (MemoryController controller = open(MemoryMode.VOLATILE, config)) {
      long id = 0;
      for (int pointer : new int[] {0, 1, 4096 - n, 4096 - n / 2, 4095, end - n, 777}) {
        int[] in = new int[n + 1];
        for (int i = 0; i < n; i++) {
          in[1 + i] = P - 1 - i - pointer % 5;
        }
        int[] before = new int[n];
        controller.unsafeRead(3, pointer, n, before, 0);
        int[] previous = new int[n + 2];
        assertThat(controller.write(3, pointer, n, in, 1, previous, 2)).isEqualTo(id);
        for (int i = 0; i < n; i++) {
          assertThat(previous[2 + i]).isEqualTo(before[i]);
          assertThat(controller.unsafeReadCell(3, pointer + i)).isEqualTo(in[1 + i]);
        }
        int[] out = new int[n + 3];
        assertThat(controller.read(3, pointer, n, out, 3)).isEqualTo(id + 1);
        for (int i = 0; i < n; i++) {
          assertThat(out[3 + i]).isEqualTo(in[1 + i]);
        }
        assertThat(controller.lastRecordId()).isEqualTo(id + 1);
        id += 2;
        assertThat(controller.timestamp()).isEqualTo(1 + id);
      }
      assertThat(controller.unsafeReadCell(2, 0)).isZero();
      assertThat(controller.unsafeReadCell(4, 0)).isZero();
    }
  }

  @Test
  void aWriteMayExchangeInPlace() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL)) {
      for (int n : new int[] {1, 2, 4, 8}) {
        for (int shift : new int[] {0, 1}) { // the old values overlap the new ones
          int[] buffer = new int[20];
          for (int i = 0; i < n; i++) {
            buffer[4 + i] = 100 * n + i;
          }
          int[] before = new int[n];
          controller.unsafeRead(1, 4093, n, before, 0);
          controller.write(1, 4093, n, buffer, 4, buffer, 4 + shift);
          for (int i = 0; i < n; i++) {
            assertThat(buffer[4 + shift + i]).isEqualTo(before[i]);
            assertThat(controller.unsafeReadCell(1, 4093 + i)).isEqualTo(100 * n + i);
          }
        }
      }
    }
  }

  @Test
  void singleCells() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL)) {
      assertThat(controller.writeCell(4, 8191, P - 1)).isZero();
      assertThat(controller.lastRecordId()).isZero();
      assertThat(controller.writeCell(4, 8191, 7)).isEqualTo(P - 1);
      assertThat(controller.readCell(4, 8191)).isEqualTo(7);
      assertThat(controller.lastRecordId()).isEqualTo(2);
      assertThat(controller.readCell(4, 8190)).isZero();
      assertThat(controller.memoryLogs())
          .containsExactly(
              new MemoryLogEntry.Write(4, 8191, new int[] {P - 1}),
              new MemoryLogEntry.Write(4, 8191, new int[] {7}),
              new MemoryLogEntry.Read(4, 8191, 1),
              new MemoryLogEntry.Read(4, 8190, 1));
    }
  }

  @Test
  void anImmediateReadGivesItsPointer() {
    try (MemoryController controller = open(MemoryMode.VOLATILE, SMALL.withRangeMaxBits(8))) {
      for (int value : new int[] {0, 1, 1 << 13, P - 1}) {
        assertThat(controller.readCell(0, value)).isEqualTo(value);
        int[] out = new int[2];
        controller.read(0, value, 1, out, 1);
        assertThat(out).containsExactly(0, value);
      }
      assertThat(controller.timestamp()).isEqualTo(9);
      assertThat(controller.memoryImage().nonZeroCells()).isZero();
      controller.finalizeMemory(null);
      assertThat(controller.currentTraceHeights()).containsExactly(0, 0, 0, 0);
      assertThat(controller.offlineMemory().record(7))
          .isEqualTo(new MemoryRecord(7, 0, P - 1, 8, 0, new int[] {P - 1}, null));
    }
  }

  @Test
  void unsafeReadsLeaveNoTrace() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL)) {
      controller.writeCell(2, 4096, 5);
      int[] out = new int[6];
      controller.unsafeRead(2, 4094, 5, out, 1);
      assertThat(out).containsExactly(0, 0, 0, 5, 0, 0);
      assertThat(controller.unsafeReadCell(2, 4096)).isEqualTo(5);
      assertThat(controller.timestamp()).isEqualTo(2);
      assertThat(controller.memoryLogs().size()).isEqualTo(1);
      assertThat(controller.lastRecordId()).isZero();
    }
  }

  // Log, record ids, timestamps.

  @Test
  void everyEntryTakesAnIdAndAccessesTakeTime() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL)) {
      controller.readCell(1, 0);
      controller.incrementTimestampBy(0);
      assertThat(controller.lastRecordId()).isEqualTo(1);
      assertThat(controller.timestamp()).isEqualTo(2);
      controller.incrementTimestamp();
      assertThat(controller.timestamp()).isEqualTo(3);
      controller.incrementTimestampBy(1000);
      assertThat(controller.timestamp()).isEqualTo(1003);
      assertThat(controller.writeCell(1, 1, 2)).isZero();
      assertThat(controller.lastRecordId()).isEqualTo(4);
      assertThat(controller.timestamp()).isEqualTo(1004);
      assertThat(controller.memoryLogs())
          .containsExactly(
              new MemoryLogEntry.Read(1, 0, 1),
              new MemoryLogEntry.IncrementTimestampBy(0),
              new MemoryLogEntry.IncrementTimestampBy(1),
              new MemoryLogEntry.IncrementTimestampBy(1000),
              new MemoryLogEntry.Write(1, 1, new int[] {2}));
      assertThat(controller.memoryLogs().get(3))
          .isEqualTo(new MemoryLogEntry.IncrementTimestampBy(1000));
    }
  }

  @Test
  void recordsAfterFinalisation() {
    try (MemoryController controller = open(MemoryMode.VOLATILE, SMALL.withRangeMaxBits(8))) {
      someAccesses(controller);
      controller.finalizeMemory(null);
      for (int consumed = 0; consumed < 2; consumed++) {
        OfflineMemory offline = controller.offlineMemory();
        assertThat(offline.record(0))
            .isEqualTo(
                new MemoryRecord(0, 1, 4090, 1, 0, new int[] {1, 2, 3, 4, 5, 6, 7, 8}, new int[8]));
        assertThat(offline.record(0).isWrite()).isTrue();
        assertThat(offline.record(2))
            .isEqualTo(new MemoryRecord(2, 1, 4094, 5, 1, new int[] {5, 6, 7, 8}, null));
        assertThat(offline.record(2).isWrite()).isFalse();
        assertThat(offline.record(5))
            .isEqualTo(new MemoryRecord(5, 2, 16, 8, 6, new int[] {0, 99}, null));
        assertThat(offline.record(6))
            .isEqualTo(new MemoryRecord(6, 2, 17, 9, 8, new int[] {0}, new int[] {99}));
        assertThatThrownBy(() -> offline.record(1))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("record id 1 is a timestamp increment");
        assertThatThrownBy(() -> offline.record(7)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> offline.record(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        if (consumed == 0) {
          controller.generateAirProofInputs().forEach(AirProofInput::close);
        }
      }
    }
  }

  @Test
  void recordsOfALongLog() {
    MemoryConfig config = MemoryConfig.defaults().withAccessCapacity(0);
    int entries = 5000;
    try (MemoryController controller = open(MemoryMode.VOLATILE, config)) {
      for (int i = 0; i < entries; i++) {
        switch (i % 3) {
          case 0 -> controller.writeCell(1, i % 7, i);
          case 1 -> controller.incrementTimestampBy(i % 2);
          default -> controller.readCell(2, 1);
        }
      }
      controller.finalizeMemory(null);
      long now = 1;
      for (int i = 0; i < entries; i++) {
        int id = i;
        if (i % 3 == 1) {
          assertThatThrownBy(() -> controller.offlineMemory().record(id))
              .hasMessageContaining("record id " + id + " is a timestamp increment");
          now += i % 2;
          continue;
        }
        MemoryRecord made = controller.offlineMemory().record(i);
        assertThat(made.recordId()).isEqualTo(i);
        assertThat(made.timestamp()).isEqualTo(now);
        assertThat(made.prevTimestamp()).isLessThan(made.timestamp());
        assertThat(made.data()).containsExactly(i % 3 == 0 ? i : 0);
        now++;
      }
      assertThat(controller.timestamp()).isEqualTo(now);
    }
  }

  @Test
  void theClockRunsUpToItsLastTick() {
    MemoryConfig config = SMALL.withRangeMaxBits(5).withClkMaxBits(6);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, config);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.writeCell(1, 0, 1);
      controller.incrementTimestampBy(60);
      assertThat(controller.timestamp()).isEqualTo(62);
      controller.readCell(1, 0);
      assertThat(controller.timestamp()).isEqualTo(63);
      controller.incrementTimestampBy(0);
      controller.finalizeMemory(hasher);
      assertThat(controller.offlineMemory().record(2).timestamp()).isEqualTo(62);
      controller.generateAirProofInputs().forEach(AirProofInput::close);
    }
  }

  // Initial memory.

  @Test
  void theLastInitialMemoryCounts() {
    AddressMap first = new AddressMap(SMALL).set(1, 3, 5);
    AddressMap second = new AddressMap(SMALL.withAccessCapacity(3)).set(2, 8000, 6);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.setInitialMemory(first);
      controller.setInitialMemory(second);
      second.set(2, 8000, 7); // it was copied
      assertThat(cells(controller.memoryImage())).isEqualTo(cells(second.set(2, 8000, 6)));
      assertThat(controller.timestamp()).isEqualTo(1);
      assertThat(controller.readCell(2, 8000)).isEqualTo(6);
      assertThat(controller.readCell(1, 3)).isZero();
      controller.writeCell(2, 8000, 8);
      controller.finalizeMemory(hasher);
      assertThat(controller.initialRoot()).isEqualTo(rootOf(second));
      assertThat(controller.finalRoot()).isEqualTo(rootOf(second.set(2, 8000, 8)));
      assertThat(controller.offlineMemory().record(0).data()).containsExactly(6);
    }
  }

  /** The root of an image, from a segment without accesses. */
  private static int[] rootOf(AddressMap image) {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, image.config());
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.setInitialMemory(image);
      controller.finalizeMemory(hasher);
      assertThat(controller.finalRoot()).isEqualTo(controller.initialRoot());
      return controller.initialRoot();
    }
  }

  @Test
  void theEmptyMemoryHasTheRootOfTheSpecification() {
    assertThat(rootOf(new AddressMap(MemoryConfig.defaults()))).isEqualTo(EMPTY_ROOT);
    // A page of zeros is no different from no page.
    AddressMap zeros = new AddressMap(MemoryConfig.defaults()).set(1, 5, 1).set(1, 5, 0);
    assertThat(rootOf(zeros)).isEqualTo(EMPTY_ROOT);
  }

  @Test
  void volatileMemoryTakesAnImageOfZeros() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    try (MemoryController controller = open(MemoryMode.VOLATILE, config)) {
      controller.setInitialMemory(new AddressMap(config));
      controller.setInitialMemory(new AddressMap(config).set(1, 1, 1).set(1, 1, 0));
      assertThat(controller.readCell(1, 1)).isZero();
    }
  }

  @Test
  void segmentsChainThroughTheMemoryImage() {
    Random random = new Random(11);
    int[] root = null;
    AddressMap expected = new AddressMap(SMALL);
    MemoryController previous = null;
    for (int segment = 0; segment < 4; segment++) {
      MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
      if (previous != null) {
        controller.setInitialMemory(previous.memoryImage());
        previous.close();
      }
      for (int i = 0; i < 40; i++) {
        int space = 1 + random.nextInt(4);
        int pointer = random.nextInt(20) + (i % 2 == 0 ? 0 : 4090);
        assertThat(controller.readCell(space, pointer)).isEqualTo(expected.get(space, pointer));
        int value = random.nextInt(3);
        controller.writeCell(space, pointer, value);
        expected.set(space, pointer, value);
      }
      try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
        controller.finalizeMemory(hasher);
      }
      if (root != null) {
        assertThat(controller.initialRoot()).isEqualTo(root);
      }
      root = controller.finalRoot();
      List<AirProofInput> inputs = controller.generateAirProofInputs();
      int[] publicValues = inputs.get(1).publicValues();
      for (int i = 0; i < 8; i++) {
        assertThat(publicValues[i]).isEqualTo(controller.initialRoot()[i]);
        assertThat(publicValues[8 + i]).isEqualTo(root[i]);
      }
      inputs.forEach(AirProofInput::close);
      // Still readable in state CONSUMED.
      assertThat(cells(controller.memoryImage())).isEqualTo(cells(expected));
      assertThat(cells(controller.finalMemory())).isEqualTo(cells(expected));
      previous = controller;
    }
    assertThat(root).isEqualTo(rootOf(expected));
    if (previous != null) {
      previous.close();
    }
  }

  // Logs.

  @Test
  void logsCanBeTakenAndSet() {
    List<List<Integer>> want;
    try (MemoryController controller = open(MemoryMode.VOLATILE, SMALL.withRangeMaxBits(8))) {
      someAccesses(controller);
      controller.finalizeMemory(null);
      want = drain(controller.generateAirProofInputs());
    }
    try (MemoryController controller = open(MemoryMode.VOLATILE, SMALL.withRangeMaxBits(8))) {
      someAccesses(controller);
      MemoryLog view = controller.memoryLogs();
      assertThat(view.size()).isEqualTo(7);
      var before = cells(controller.memoryImage());
      AccessLog taken = controller.takeMemoryLogs();
      assertThat(taken.size()).isEqualTo(7);
      assertThat(controller.memoryLogs().size()).isZero();
      assertThat(controller.timestamp()).isEqualTo(10);
      assertThat(cells(controller.memoryImage())).isEqualTo(before);
      controller.setMemoryLogs(taken);
      assertThat(controller.timestamp()).isEqualTo(10);
      assertThat(cells(controller.memoryImage())).isEqualTo(before);
      assertThat(controller.memoryLogs().size()).isEqualTo(7);
      controller.finalizeMemory(null);
      assertThat(drain(controller.generateAirProofInputs())).isEqualTo(want);
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void aLogInSeveralPartsCanBeTakenSetAndContinued(MemoryMode mode) {
    MemoryConfig config = SMALL.withRangeMaxBits(8).withClkMaxBits(16).withAccessCapacity(0);
    List<List<Integer>> want = null;
    for (int variant = 0; variant < 2; variant++) {
      try (MemoryController controller = open(mode, config);
          Poseidon2Periphery hasher = new Poseidon2Periphery()) {
        Random random = new Random(3);
        for (int i = 0; i < 5000; i++) {
          if (variant == 1 && (i == 3000 || i == 4500)) {
            controller.setMemoryLogs(controller.takeMemoryLogs());
          }
          controller.writeCell(1 + random.nextInt(4), random.nextInt(100), random.nextInt(P));
        }
        controller.finalizeMemory(hasher);
        List<List<Integer>> traces = drain(controller.generateAirProofInputs());
        if (variant == 0) {
          want = traces;
        } else {
          assertThat(traces).isEqualTo(want);
        }
      }
    }
  }

  @Test
  void aLogRecordedElsewhereIsReplayedOverTheInitialMemory() {
    AccessLog log = new AccessLog(SMALL);
    log.appendWrite(1, 0, 2, new int[] {4, 5}, 0);
    log.appendRead(1, 1, 1);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.setInitialMemory(new AddressMap(SMALL).set(1, 1, 9));
      controller.setMemoryLogs(log);
      assertThat(controller.timestamp()).isEqualTo(1);
      assertThat(controller.unsafeReadCell(1, 1)).isEqualTo(9);
      controller.finalizeMemory(hasher);
      assertThat(controller.offlineMemory().record(0).prevData()).containsExactly(0, 9);
      assertThat(controller.offlineMemory().record(1).data()).containsExactly(5);
      assertThat(controller.finalMemory().get(1, 0)).isEqualTo(4);
      assertThat(controller.finalMemory().nonZeroCells()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void replayByHandGivesWhatFinalisationGives(MemoryMode mode) {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    try (MemoryController automatic = open(mode, config);
        MemoryController byHand = open(mode, config);
        Poseidon2Periphery hasher = new Poseidon2Periphery();
        Poseidon2Periphery otherHasher = new Poseidon2Periphery()) {
      someAccesses(automatic);
      someAccesses(byHand);
      AccessLog log = byHand.takeMemoryLogs();
      long[] untouched = byHand.currentTraceHeights();
      for (MemoryLogEntry entry : log) {
        byHand.replayAccess(entry);
      }
      long[] before = byHand.currentTraceHeights();
      assertThat(automatic.currentTraceHeights()).isEqualTo(untouched);
      automatic.finalizeMemory(hasher);
      byHand.finalizeMemory(otherHasher);
      assertThat(byHand.currentTraceHeights()).isEqualTo(automatic.currentTraceHeights());
      List<AirProofInput> inputs = automatic.generateAirProofInputs();
      if (mode == MemoryMode.PERSISTENT) {
        // Two chunks of space 1 and one of space 2 are touched; the pass touches no other.
        assertThat(before[0]).isEqualTo(byHand.currentTraceHeights()[0]).isEqualTo(6);
        assertThat(before[1]).isEqualTo(byHand.currentTraceHeights()[1]);
      } else {
        assertThat(before[0]).isZero();
        assertThat(byHand.currentTraceHeights()[0]).isEqualTo(10);
      }
      int first = mode == MemoryMode.PERSISTENT ? 2 : 1;
      for (int i = first; i < before.length; i++) {
        assertThat(before[i]).isEqualTo(inputs.get(i).logOrderRows());
      }
      assertThat(drain(byHand.generateAirProofInputs())).isEqualTo(drain(inputs));
      assertThat(byHand.offlineMemory().record(2)).isEqualTo(automatic.offlineMemory().record(2));
    }
  }

  // Finalisation and traces.

  @Test
  void finalisingTwiceCountsOnce() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      controller.finalizeMemory(hasher);
      int[] once = hasher.inputs().toArray(ValueLayout.JAVA_INT_UNALIGNED);
      controller.finalizeMemory(hasher);
      controller.finalizeMemory(null);
      assertThat(hasher.inputs().toArray(ValueLayout.JAVA_INT_UNALIGNED)).isEqualTo(once);
      assertThat(controller.state()).isEqualTo(State.FINALIZED);
    }
  }

  @Test
  void volatileMemoryIgnoresTheHasher() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    try (MemoryController controller = open(MemoryMode.VOLATILE, config);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      controller.finalizeMemory(hasher);
      assertThat(hasher.size()).isZero();
    }
  }

  @Test
  void aFailedFinalisationCanBeRepeated() {
    List<List<Integer>> want;
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      someAccesses(controller);
      controller.finalizeMemory(hasher);
      want = drain(controller.generateAirProofInputs());
    }
    Poseidon2Periphery closed = new Poseidon2Periphery();
    closed.close();
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      assertThatThrownBy(() -> controller.finalizeMemory(closed))
          .isInstanceOf(IllegalStateException.class);
      assertThat(controller.state()).isEqualTo(State.ACTIVE);
      someAccesses(controller); // still active
      assertThat(controller.memoryLogs().size()).isEqualTo(14);
      controller.finalizeMemory(hasher);
      assertThat(controller.offlineMemory().record(13).timestamp()).isEqualTo(18);
      assertThat(drain(controller.generateAirProofInputs())).isEqualTo(want);
    }
  }

  @Test
  void aLogThatGrowsByWholePartsAfterAFailedFinalisation() {
    MemoryConfig config = SMALL.withAccessCapacity(0);
    Poseidon2Periphery closed = new Poseidon2Periphery();
    closed.close();
    try (MemoryController controller = open(MemoryMode.PERSISTENT, config);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.writeCell(1, 0, 1);
      assertThatThrownBy(() -> controller.finalizeMemory(closed))
          .isInstanceOf(IllegalStateException.class);
      for (int i = 0; i < 5000; i++) {
        controller.writeCell(1, i, 7);
      }
      controller.finalizeMemory(hasher);
      assertThat(controller.currentTraceHeights()[0]).isEqualTo(2 * 625);
      assertThat(controller.finalMemory().nonZeroCells()).isEqualTo(5000);
    }
  }

  @Test
  void untouchedPersistentMemory() {
    MemoryConfig config = MemoryConfig.defaults();
    try (MemoryController controller = open(MemoryMode.PERSISTENT, config);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.incrementTimestampBy(5);
      controller.readCell(0, 9);
      controller.finalizeMemory(hasher);
      assertThat(controller.currentTraceHeights()).containsExactly(0, 58, 0, 0, 0, 0, 0);
      assertThat(controller.currentTraceCells()).containsExactly(0, 58 * 32, 0, 0, 0, 0, 0);
      assertThat(controller.memoryTraceHeights().roundToNextPowerOfTwo().toList())
          .containsExactly(1L, 64L, 1L, 1L, 1L, 1L, 1L);
      assertThat(controller.memoryTraceHeights().roundToNextPowerOfTwoOrZero().toList())
          .containsExactly(0L, 64L, 0L, 0L, 0L, 0L, 0L);
      List<AirProofInput> inputs = controller.generateAirProofInputs();
      assertThat(inputs.stream().map(input -> input.trace().height()))
          .containsExactly(1L, 64L, 0L, 0L, 0L, 0L, 0L);
      inputs.forEach(AirProofInput::close);
      // The heights are still to be had.
      assertThat(controller.currentTraceHeights()).containsExactly(0, 58, 0, 0, 0, 0, 0);
      assertThat(hasher.size()).isEqualTo(29);
    }
  }

  @Test
  void heightsAndCellsOfATouchedMemory() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    try (MemoryController controller = open(MemoryMode.VOLATILE, config)) {
      controller.write(1, 0, 4, new int[] {1, 2, 3, 4}, 0, new int[4], 0);
      assertThat(controller.currentTraceHeights()).containsExactly(0, 0, 0, 0);
      controller.finalizeMemory(null);
      assertThat(controller.currentTraceHeights()).containsExactly(4, 4, 2, 0);
      assertThat(controller.currentTraceCells()).containsExactly(48, 44, 26, 0);
      assertThat(controller.memoryTraceHeights())
          .isEqualTo(new MemoryTraceHeights.Volatile(4, List.of(4L, 2L, 0L)));
      List<AirProofInput> inputs = controller.generateAirProofInputs();
      assertThat(inputs.stream().map(AirProofInput::usedRows)).containsExactly(4L, 4L, 2L, 0L);
      assertThat(inputs.stream().map(AirProofInput::logOrderRows)).containsExactly(4L, 2L, 1L, 0L);
      inputs.forEach(AirProofInput::close);
      assertThat(controller.currentTraceHeights()).containsExactly(4, 4, 2, 0);
    }
  }

  @Test
  void overriddenHeights() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    try (MemoryController controller = open(MemoryMode.VOLATILE, config)) {
      controller.setOverrideTraceHeights(
          new MemoryTraceHeights.Volatile(1, List.of(0L, 0L, 0L))); // too small, but not the last
      controller.write(1, 0, 4, new int[] {1, 2, 3, 4}, 0, new int[4], 0);
      controller.finalizeMemory(null);
      controller.setOverrideTraceHeights(new MemoryTraceHeights.Volatile(5, List.of(4L, 9L, 3L)));
      List<AirProofInput> inputs = controller.generateAirProofInputs();
      assertThat(inputs.stream().map(input -> input.trace().height()))
          .containsExactly(8L, 4L, 16L, 4L);
      assertThat(inputs.stream().map(AirProofInput::usedRows)).containsExactly(4L, 4L, 2L, 0L);
      // Padding of the boundary is zero but for the comparison of the last row: 2^13 - 1.
      int[] boundary = cells(inputs.get(0).trace());
      for (int i = 4 * 12; i < 8 * 12; i++) {
        assertThat(boundary[i]).isEqualTo(i == 94 ? 255 : i == 95 ? 31 : 0);
      }
      inputs.forEach(AirProofInput::close);
      // Neither rounded nor overridden.
      assertThat(controller.currentTraceHeights()).containsExactly(4, 4, 2, 0);
    }
  }

  @Test
  void overriddenHeightsOfPersistentMemoryAreComparedRounded() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      controller.finalizeMemory(hasher);
      long[] used = controller.currentTraceHeights();
      assertThat(used[0]).isEqualTo(6);
      List<Long> heights = new ArrayList<>();
      for (long rows : used) {
        heights.add(rows);
      }
      heights.set(0, 5L); // p2(5) = p2(6)
      heights.set(1, 100L);
      controller.setOverrideTraceHeights(MemoryTraceHeights.of(MemoryMode.PERSISTENT, heights));
      List<AirProofInput> inputs = controller.generateAirProofInputs();
      assertThat(inputs.get(0).trace().height()).isEqualTo(8);
      assertThat(inputs.get(1).trace().height()).isEqualTo(128);
      assertThat(inputs.get(1).usedRows()).isEqualTo(used[1]);
      inputs.forEach(AirProofInput::close);
    }
  }

  @Test
  void theRangeCheckerIsOnlyAddedTo() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    VariableRangeChecker alone = rangeChecker(config);
    VariableRangeChecker shared = rangeChecker(config);
    shared.addCount(3, 2);
    shared.addCount(0, 0);
    for (VariableRangeChecker rangeChecker : List.of(alone, shared)) {
      try (MemoryController controller = open(MemoryMode.VOLATILE, config, rangeChecker)) {
        someAccesses(controller);
        int[] before = rangeChecker.counts();
        controller.finalizeMemory(null);
        assertThat(rangeChecker.counts()).isEqualTo(before);
        controller.generateAirProofInputs().forEach(AirProofInput::close);
      }
    }
    int[] want = alone.counts();
    want[7]++;
    want[1]++;
    assertThat(shared.counts()).isEqualTo(want);
  }

  @Test
  void tracesOutliveTheController() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    List<AirProofInput> inputs;
    List<int[]> before = new ArrayList<>();
    WordStream aux;
    long auxWords;
    MemoryController controller = open(MemoryMode.VOLATILE, config);
    someAccesses(controller);
    controller.finalizeMemory(null);
    inputs = controller.generateAirProofInputs();
    inputs.forEach(input -> before.add(cells(input.trace())));
    aux = controller.generateAuxColumns();
    auxWords = aux.words();
    controller.close();
    controller.close();
    // Others take the memory that was given back and scribble over it.
    for (int i = 0; i < 3; i++) {
      try (MemoryController other = open(MemoryMode.VOLATILE, config)) {
        for (int pointer = 0; pointer < 8192; pointer++) {
          other.writeCell(1, pointer, P - 1);
          if (other.timestamp() > 8000) {
            break;
          }
        }
        other.finalizeMemory(null);
        other.generateAirProofInputs().forEach(AirProofInput::close);
      }
    }
    for (int i = 0; i < inputs.size(); i++) {
      assertThat(cells(inputs.get(i).trace())).isEqualTo(before.get(i));
      TraceMatrix trace = inputs.get(i).trace();
      trace.close();
      trace.close();
      assertThatThrownBy(trace::segment).isInstanceOf(IllegalStateException.class);
    }
    assertThat(auxWords).isEqualTo(5 * 6);
    long[] seen = new long[1];
    aux.forEachChunk(chunk -> seen[0] += chunk.byteSize() / 4);
    assertThat(seen[0]).isEqualTo(auxWords);
    aux.close();
  }

  // Auxiliary columns.

  @Test
  void auxiliaryColumns() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    VariableRangeChecker rangeChecker = rangeChecker(config);
    try (MemoryController controller = open(MemoryMode.VOLATILE, config, rangeChecker)) {
      MemoryAuxColsFactory factory = controller.auxColsFactory();
      controller.write(3, 6, 2, new int[] {8, 9}, 0, new int[2], 0);
      controller.incrementTimestampBy(700);
      controller.readCell(3, 7);
      controller.readCell(0, 44);
      controller.finalizeMemory(null);
      OfflineMemory offline = controller.offlineMemory();

      MemoryWriteAuxCols write = new MemoryWriteAuxCols(2);
      assertThat(write.width()).isEqualTo(5);
      factory.generateWriteAux(offline.record(0), write);
      int[] row = new int[6];
      write.copyTo(row, 1);
      assertThat(row).containsExactly(0, 0, 0, 0, 0, 0);

      MemoryReadAuxCols read = new MemoryReadAuxCols();
      factory.generateReadAux(offline.record(2), read);
      // 702 - 1 - 1 = 700 = 188 + 2 * 256
      row = new int[3];
      read.copyTo(row, 0);
      assertThat(row).containsExactly(1, 188, 2);
      assertThat(read.lt(0)).isEqualTo(188);
      assertThat(read.lt(1)).isEqualTo(2);

      MemoryReadOrImmediateAuxCols either = new MemoryReadOrImmediateAuxCols();
      factory.generateReadOrImmediateAux(offline.record(3), either);
      row = new int[5];
      either.copyTo(row, 0);
      // 703 - 0 - 1 = 702
      assertThat(row).containsExactly(0, 190, 2, 1, 0);
      factory.generateReadOrImmediateAux(offline.record(2), either);
      either.copyTo(row, 0);
      assertThat(row[3]).isZero();
      assertThat((long) row[4] * 3 % P).isEqualTo(1);

      // Low limbs have 8 bits, high limbs 13 - 8 = 5.
      int[] want = new int[512];
      want[256] = 1;
      want[32] = 1;
      want[256 + 188] = 2;
      want[256 + 190] = 1;
      want[32 + 2] = 3;
      assertThat(rangeChecker.counts()).isEqualTo(want);

      // The same columns in bulk, in log order.
      int[] bulk = new int[15];
      try (WordStream words = controller.generateAuxColumns()) {
        int[] at = new int[1];
        words.forEachChunk(
            chunk -> {
              for (long i = 0; i < chunk.byteSize(); i += 4) {
                bulk[at[0]++] = chunk.get(ValueLayout.JAVA_INT_UNALIGNED, i);
              }
            });
      }
      assertThat(bulk).containsExactly(0, 0, 0, 0, row[4], 1, 188, 2, 0, row[4], 0, 190, 2, 1, 0);
    }
  }

  @Test
  void auxiliaryColumnsOfManyThreads() throws Exception {
    MemoryConfig config = MemoryConfig.defaults();
    VariableRangeChecker rangeChecker = rangeChecker(config);
    int accesses = 3000;
    int threads = 4;
    try (MemoryController controller = open(MemoryMode.VOLATILE, config, rangeChecker)) {
      for (int i = 0; i < accesses; i++) {
        controller.writeCell(1, i % 13, i);
        controller.incrementTimestampBy(i % 5);
      }
      controller.finalizeMemory(null);
      MemoryAuxColsFactory factory = controller.auxColsFactory();
      CountDownLatch start = new CountDownLatch(1);
      try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
        List<Future<?>> done = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
          done.add(
              pool.submit(
                  () -> {
                    start.await();
                    MemoryWriteAuxCols columns = new MemoryWriteAuxCols(1);
                    for (int i = 0; i < accesses; i++) {
                      MemoryRecord made = controller.offlineMemory().record(2L * i);
                      factory.generateWriteAux(made, columns);
                    }
                    return null;
                  }));
        }
        start.countDown();
        for (Future<?> future : done) {
          future.get();
        }
      }
      VariableRangeChecker once = rangeChecker(config);
      MemoryAuxColsFactory serial = new MemoryAuxColsFactory(once, config.clkMaxBits());
      for (int i = 0; i < accesses; i++) {
        serial.generateWriteAux(
            controller.offlineMemory().record(2L * i), new MemoryWriteAuxCols(1));
      }
      int[] want = once.counts();
      for (int i = 0; i < want.length; i++) {
        want[i] *= threads;
      }
      assertThat(rangeChecker.counts()).isEqualTo(want);
    }
  }

  // The hot path.

  @Test
  void accessesAllocateNothing() {
    int rounds = 250_000;
    MemoryConfig config = MemoryConfig.defaults();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    assumeTrue(threads.isThreadAllocatedMemorySupported(), "this JVM does not count allocations");
    threads.setThreadAllocatedMemoryEnabled(true);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, config)) {
      int[] four = {1, 2, 3, 4};
      int[] previous = new int[4];
      accesses(controller, four, previous, 2 * rounds);
      long before = threads.getCurrentThreadAllocatedBytes();
      accesses(controller, four, previous, rounds);
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      // 1,250,000 entries fill 19 log segments of 65,536 entries, some objects each.
      assertThat(allocated).as("bytes allocated by %d entries", 5 * rounds).isLessThan(64 << 10);
    }
  }

  private static void accesses(
      MemoryController controller, int[] four, int[] previous, int rounds) {
    for (int i = 0; i < rounds; i++) {
      int pointer = i & 0x3FFF;
      controller.write(2, pointer, 4, four, 0, previous, 0);
      controller.read(1, pointer & 0x7C, 4, previous, 0);
      controller.writeCell(1, pointer, i);
      controller.readCell(0, i);
      controller.incrementTimestamp();
    }
  }

  // Real programs.

  @Test
  void kitchenSinkSegmentsJoin() throws IOException {
    String shared = System.getProperty("memtrace.shared", "");
    Path guests = Path.of(shared, "golden", "guests");
    assumeTrue(!shared.isEmpty() && Files.isDirectory(guests), "no golden data");
    MemoryController first = run(guests.resolve("kitchen-sink-0"), null);
    MemoryController second = run(guests.resolve("kitchen-sink-1"), first);
    assertThat(second.initialRoot()).isEqualTo(first.finalRoot());
    // The image that the bundle of the second segment brings is the one that was handed on.
    assertThat(cells(first.memoryImage()))
        .isEqualTo(cells(image(guests.resolve("kitchen-sink-1"))));
    first.close();
    second.close();
  }

  private static MemoryController run(Path bundle, @Nullable MemoryController previous)
      throws IOException {
    MemoryController controller = open(MemoryMode.PERSISTENT, MemoryConfig.defaults());
    controller.setInitialMemory(previous == null ? image(bundle) : previous.memoryImage());
    IntBuffer words = words(bundle.resolve("log.bin.gz"));
    int[] data = new int[32];
    int[] out = new int[32];
    while (words.hasRemaining()) {
      int kind = words.get();
      int space = words.get(); // of an increment: the amount
      if (kind == 2) {
        controller.incrementTimestampBy(space);
        continue;
      }
      int pointer = words.get();
      int n = words.get();
      if (kind == 0) {
        controller.read(space, pointer, n, out, 0);
      } else {
        words.get(data, 0, n);
        controller.write(space, pointer, n, data, 0, out, 0);
      }
    }
    String golden = Files.readString(bundle.resolve("golden.json"));
    assertThat(controller.memoryLogs().size()).isEqualTo(number(golden, "log_entries"));
    assertThat(controller.timestamp()).isEqualTo(number(golden, "end_timestamp"));
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.finalizeMemory(hasher);
    }
    Matcher roots = Pattern.compile("\"public_values\": \\[([0-9,\\s]+)\\]").matcher(golden);
    assertThat(roots.find()).isTrue();
    List<Integer> want = new ArrayList<>();
    for (Matcher m = Pattern.compile("[0-9]+").matcher(roots.group(1)); m.find(); ) {
      want.add(Integer.parseInt(m.group()));
    }
    List<Integer> got = new ArrayList<>();
    for (int x : controller.initialRoot()) {
      got.add(x);
    }
    for (int x : controller.finalRoot()) {
      got.add(x);
    }
    assertThat(got).isEqualTo(want);
    List<Long> used = new ArrayList<>();
    for (Matcher m = Pattern.compile("\"used_rows\": ([0-9]+)").matcher(golden); m.find(); ) {
      used.add(Long.parseLong(m.group(1)));
    }
    List<Long> heights = controller.memoryTraceHeights().toList();
    assertThat(used.subList(0, heights.size())).isEqualTo(heights);
    return controller;
  }

  private static long number(String json, String key) {
    Matcher matcher = Pattern.compile("\"" + key + "\": ([0-9]+)").matcher(json);
    assertThat(matcher.find()).as(key).isTrue();
    return Long.parseLong(matcher.group(1));
  }

  private static AddressMap image(Path bundle) throws IOException {
    AddressMap image = new AddressMap(MemoryConfig.defaults());
    IntBuffer words = words(bundle.resolve("initial.bin.gz"));
    while (words.hasRemaining()) {
      image.set(words.get(), words.get(), words.get());
    }
    return image;
  }

  private static IntBuffer words(Path file) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    }
  }
}
