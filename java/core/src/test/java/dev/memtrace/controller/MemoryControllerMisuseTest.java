// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import static dev.memtrace.controller.Controllers.P;
import static dev.memtrace.controller.Controllers.SMALL;
import static dev.memtrace.controller.Controllers.drain;
import static dev.memtrace.controller.Controllers.open;
import static dev.memtrace.controller.Controllers.rangeChecker;
import static dev.memtrace.controller.Controllers.someAccesses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.MemoryTraceHeights;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.Controllers.Snapshot;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.image.PageVisitor;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.AccessRejectedException;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.periphery.MemoryAuxColsFactory;
import dev.memtrace.periphery.MemoryReadAuxCols;
import dev.memtrace.periphery.MemoryWriteAuxCols;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever spec/memory-model.md, sections 5 to 7, rejects: the error says what and why, and memory,
 * log, clock, counts and state are as they were.
 */
class MemoryControllerMisuseTest {

  /** Ends at timestamp 64. */
  private static final MemoryConfig SHORT = SMALL.withRangeMaxBits(5).withClkMaxBits(6);

  /** An operation of the table of states. */
  record Operation(String name, Set<State> allowed, Consumer<MemoryController> call) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static final Set<State> ACTIVE = EnumSet.of(State.ACTIVE);
  private static final Set<State> FINISHED = EnumSet.of(State.FINALIZED, State.CONSUMED);
  private static final Set<State> NOT_CONSUMED = EnumSet.of(State.ACTIVE, State.FINALIZED);
  private static final Set<State> NOT_CLOSED =
      EnumSet.of(State.ACTIVE, State.FINALIZED, State.CONSUMED);

  private static List<Operation> operations() {
    List<Operation> list = new ArrayList<>();
    list.add(
        new Operation(
            "setInitialMemory", ACTIVE, c -> c.setInitialMemory(new AddressMap(c.config()))));
    list.add(new Operation("readCell", ACTIVE, c -> c.readCell(1, 0)));
    list.add(new Operation("readCell immediate", ACTIVE, c -> c.readCell(0, 7)));
    list.add(new Operation("read", ACTIVE, c -> c.read(1, 0, 2, new int[2], 0)));
    list.add(new Operation("writeCell", ACTIVE, c -> c.writeCell(1, 0, 7)));
    list.add(
        new Operation("write", ACTIVE, c -> c.write(1, 0, 2, new int[] {8, 9}, 0, new int[2], 0)));
    list.add(new Operation("incrementTimestamp", ACTIVE, MemoryController::incrementTimestamp));
    list.add(new Operation("incrementTimestampBy", ACTIVE, c -> c.incrementTimestampBy(2)));
    list.add(new Operation("incrementTimestampBy 0", ACTIVE, c -> c.incrementTimestampBy(0)));
    list.add(new Operation("unsafeReadCell", NOT_CLOSED, c -> c.unsafeReadCell(1, 0)));
    list.add(new Operation("unsafeRead", NOT_CLOSED, c -> c.unsafeRead(1, 0, 2, new int[2], 0)));
    list.add(new Operation("memoryImage", NOT_CLOSED, MemoryController::memoryImage));
    list.add(
        new Operation("currentTraceHeights", NOT_CLOSED, MemoryController::currentTraceHeights));
    list.add(new Operation("currentTraceCells", NOT_CLOSED, MemoryController::currentTraceCells));
    list.add(new Operation("memoryTraceHeights", NOT_CLOSED, MemoryController::memoryTraceHeights));
    list.add(new Operation("memoryLogs", NOT_CONSUMED, MemoryController::memoryLogs));
    list.add(new Operation("takeMemoryLogs", ACTIVE, MemoryController::takeMemoryLogs));
    list.add(
        new Operation("setMemoryLogs", ACTIVE, c -> c.setMemoryLogs(new AccessLog(c.config()))));
    list.add(
        new Operation(
            "replayAccess", ACTIVE, c -> c.replayAccess(new MemoryLogEntry.Read(1, 0, 1))));
    list.add(
        new Operation(
            "setOverrideTraceHeights",
            NOT_CONSUMED,
            c -> c.setOverrideTraceHeights(c.dummyMemoryTraceHeights())));
    list.add(
        new Operation(
            "finalizeMemory", NOT_CONSUMED, c -> c.finalizeMemory(new Poseidon2Periphery())));
    list.add(new Operation("record", FINISHED, c -> c.offlineMemory().record(0)));
    list.add(new Operation("records", FINISHED, MemoryController::records));
    list.add(new Operation("generateAuxColumns", FINISHED, c -> c.generateAuxColumns().close()));
    list.add(new Operation("countAuxColumns", FINISHED, MemoryController::countAuxColumns));
    list.add(new Operation("finalMemory", FINISHED, MemoryController::finalMemory));
    list.add(new Operation("initialRoot", FINISHED, MemoryController::initialRoot));
    list.add(new Operation("finalRoot", FINISHED, MemoryController::finalRoot));
    list.add(
        new Operation(
            "generateAirProofInputs",
            EnumSet.of(State.FINALIZED),
            c -> c.generateAirProofInputs().forEach(AirProofInput::close)));
    list.add(new Operation("auxColsFactory", NOT_CLOSED, MemoryController::auxColsFactory));
    EnumSet<State> always = EnumSet.allOf(State.class);
    list.add(new Operation("timestamp", always, MemoryController::timestamp));
    list.add(new Operation("airs", always, MemoryController::airs));
    list.add(new Operation("airNames", always, MemoryController::airNames));
    list.add(new Operation("config", always, MemoryController::config));
    list.add(new Operation("mode", always, MemoryController::mode));
    list.add(new Operation("memoryBridge", always, MemoryController::memoryBridge));
    list.add(
        new Operation(
            "dummyMemoryTraceHeights", always, MemoryController::dummyMemoryTraceHeights));
    return list;
  }

  static Stream<Arguments> operationsInStates() {
    return operations().stream()
        .flatMap(
            operation -> Stream.of(State.values()).map(state -> Arguments.of(operation, state)));
  }

  @SuppressWarnings("try") // closing early is what is tested
  @ParameterizedTest(name = "{0} in state {1}")
  @MethodSource("operationsInStates")
  void everyOperationInEveryState(Operation operation, State state) {
    VariableRangeChecker rangeChecker = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, rangeChecker);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      if (state != State.ACTIVE) { // the log stays empty in ACTIVE, as some operations demand
        someAccesses(controller);
        controller.finalizeMemory(hasher);
      }
      if (state == State.CONSUMED) {
        controller.generateAirProofInputs().forEach(AirProofInput::close);
      }
      if (state == State.CLOSED) {
        controller.close();
      }
      assertThat(controller.state()).isEqualTo(state);
      if (operation.allowed().contains(state)) {
        assertThatCode(() -> operation.call().accept(controller)).doesNotThrowAnyException();
        return;
      }
      int hashed = hasher.size();
      Snapshot before = state == State.CLOSED ? null : Snapshot.of(controller, rangeChecker);
      assertThatThrownBy(() -> operation.call().accept(controller))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(state.name());
      assertThat(hasher.size()).isEqualTo(hashed);
      assertThat(controller.state()).isEqualTo(state);
      if (before != null) {
        assertThat(Snapshot.of(controller, rangeChecker)).isEqualTo(before);
      }
    }
  }

  @Test
  void theLogOfAFinalisedMemoryIsEmpty() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      controller.finalizeMemory(hasher);
      assertThat(controller.memoryLogs().size()).isZero();
      assertThat(controller.timestamp()).isEqualTo(10);
    }
  }

  // Accesses.

  /** An access that must be refused, and what the message must say. */
  record Bad(String name, Consumer<MemoryController> call, List<String> says) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Bad read(int space, int pointer, int n, String... says) {
    return new Bad(
        "read %d cells at (%d, %d)".formatted(n, space, pointer),
        c -> c.read(space, pointer, n, new int[128], 0),
        List.of(says));
  }

  private static Bad readCell(int space, int pointer, String... says) {
    return new Bad(
        "readCell (%d, %d)".formatted(space, pointer),
        c -> c.readCell(space, pointer),
        List.of(says));
  }

  private static Bad write(int space, int pointer, int[] data, String... says) {
    return new Bad(
        "write %d cells at (%d, %d)".formatted(data.length, space, pointer),
        c -> c.write(space, pointer, data.length, data, 0, new int[128], 0),
        List.of(says));
  }

  private static Bad writeCell(int space, int pointer, int value, String... says) {
    return new Bad(
        "writeCell %d at (%d, %d)".formatted(value, space, pointer),
        c -> c.writeCell(space, pointer, value),
        List.of(says));
  }

  private static Bad unsafeCell(int space, int pointer, String... says) {
    return new Bad(
        "unsafeReadCell (%d, %d)".formatted(space, pointer),
        c -> c.unsafeReadCell(space, pointer),
        List.of(says));
  }

  private static Bad unsafe(int space, int pointer, int n, String... says) {
    return new Bad(
        "unsafeRead %d cells at (%d, %d)".formatted(n, space, pointer),
        c -> c.unsafeRead(space, pointer, n, new int[128], 0),
        List.of(says));
  }

  private static Bad increment(long amount, String... says) {
    return new Bad(
        "incrementTimestampBy " + amount, c -> c.incrementTimestampBy(amount), List.of(says));
  }

  /** Refused in both modes, for four spaces of 8192 cells and accesses of up to 8. */
  static Stream<Bad> badAccesses() {
    int[] lastBad = {1, 2, 3, P};
    int[] negative = {-1, 2};
    return Stream.of(
        // the number of cells
        read(1, 0, 0, "read", "0 cells", "power of two"),
        read(1, 0, 3, "read", "3 cells", "power of two"),
        read(1, 0, 6, "6 cells", "power of two"),
        read(1, 0, 16, "16 cells", "maxAccessAdapterN = 8"),
        read(1, 0, 32, "32 cells", "maxAccessAdapterN = 8"),
        read(1, 0, 64, "64 cells"),
        write(1, 0, new int[0], "write", "0 cells"),
        write(1, 0, new int[3], "write", "3 cells", "power of two"),
        write(1, 0, new int[16], "write", "16 cells", "maxAccessAdapterN = 8"),
        // address spaces
        read(5, 0, 1, "read", "(5, 0)", "1 to 4"),
        readCell(5, 0, "read", "(5, 0)", "1 to 4"),
        readCell(-1, 0, "4294967295"),
        readCell(Integer.MIN_VALUE, 0, "2147483648"),
        readCell(Integer.MAX_VALUE, 0, "2147483647"),
        write(5, 0, new int[2], "write", "(5, 0)"),
        writeCell(5, 0, 1, "write", "(5, 0)"),
        writeCell(-1, 0, 1, "4294967295"),
        writeCell(Integer.MIN_VALUE, 0, 1, "2147483648"),
        // address space 0
        writeCell(0, 0, 1, "write", "address space 0"),
        write(0, 4, new int[] {1, 2}, "write", "address space 0"),
        read(0, 4, 2, "read", "2 cells", "address space 0"),
        read(0, 4, 8, "address space 0"),
        readCell(0, P, "read", "2013265921"),
        readCell(0, -1, "4294967295"),
        read(0, Integer.MIN_VALUE, 1, "2147483648"),
        // pointers
        readCell(1, 8192, "(1, 8192)", "8192 cells"),
        readCell(1, -1, "4294967295"),
        readCell(4, Integer.MAX_VALUE, "2147483647"),
        readCell(4, Integer.MIN_VALUE, "2147483648"),
        read(1, 8191, 2, "8191", "8192 cells"),
        read(1, 8185, 8, "8185"),
        read(1, 8192, 8, "8192"),
        read(1, -4, 8, "4294967292"),
        read(1, Integer.MAX_VALUE - 2, 4, "2147483645"),
        write(1, 8191, new int[] {7, 7}, "write", "8191"),
        write(4, 8189, new int[] {7, 7, 7, 7}, "8189"),
        writeCell(1, 8192, 7, "write", "8192"),
        // values
        writeCell(1, 0, P, "write", "2013265921"),
        writeCell(1, 0, -1, "4294967295"),
        writeCell(1, 0, Integer.MIN_VALUE, "2147483648"),
        write(1, 4094, lastBad, "2013265921", "(1, 4097)"),
        write(1, 4094, negative, "4294967295", "(1, 4094)"),
        // unsafe reads
        unsafeCell(0, 0, "(0, 0)"),
        unsafeCell(5, 0, "(5, 0)"),
        unsafeCell(1, 8192, "(1, 8192)"),
        unsafeCell(1, -1, "4294967295"),
        unsafe(0, 3, 1, "(0, 3)"),
        unsafe(1, 8191, 2, "(1, 8192)"),
        unsafe(1, 8190, 4),
        unsafe(6, 0, 2, "(6, 0)"),
        // the clock: it ends at 256, now is 232
        increment(-1, "-1"),
        increment(Long.MIN_VALUE),
        increment(24, "24", "256"),
        increment(1L << 32, "4294967296"),
        increment(Long.MAX_VALUE, "9223372036854775807"));
  }

  private static void refuses(MemoryController controller, VariableRangeChecker counts, Bad bad) {
    Snapshot before = Snapshot.of(controller, counts);
    var thrown =
        assertThatThrownBy(() -> bad.call().accept(controller))
            .as(bad.name())
            .isInstanceOf(IllegalArgumentException.class);
    for (String text : bad.says()) {
      thrown.hasMessageContaining(text);
    }
    assertThat(Snapshot.of(controller, counts)).as("after " + bad).isEqualTo(before);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badAccesses")
  void badAccessesChangeNothing(Bad bad) {
    for (MemoryMode mode : MemoryMode.values()) {
      MemoryConfig config = SMALL.withClkMaxBits(8);
      VariableRangeChecker counts = rangeChecker(config);
      try (MemoryController controller = open(mode, config, counts);
          Poseidon2Periphery hasher = new Poseidon2Periphery()) {
        controller.write(1, 4092, 8, new int[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, new int[8], 0);
        controller.writeCell(1, 0, 9);
        controller.incrementTimestampBy(229);
        assertThat(controller.timestamp()).isEqualTo(232);
        refuses(controller, counts, bad);
        // And it goes on as if nothing had been.
        assertThat(controller.readCell(1, 0)).isEqualTo(9);
        assertThat(controller.lastRecordId()).isEqualTo(3);
        controller.finalizeMemory(hasher);
        assertThat(controller.offlineMemory().record(3).prevTimestamp()).isEqualTo(2);
        controller.generateAirProofInputs().forEach(AirProofInput::close);
      }
    }
  }

  @Test
  void refusedAccessesAreNamedAsSuch() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL)) {
      assertThatThrownBy(() -> controller.readCell(9, 9))
          .isInstanceOf(AccessRejectedException.class);
      assertThatThrownBy(() -> controller.writeCell(1, 9, P))
          .isInstanceOf(AccessRejectedException.class);
      assertThatThrownBy(() -> controller.incrementTimestampBy(1 << 13))
          .isInstanceOf(AccessRejectedException.class);
    }
  }

  static Stream<Bad> atTheEndOfTime() {
    return Stream.of(
        readCell(1, 0, "64"),
        read(1, 0, 8, "64"),
        readCell(0, 3, "64"),
        read(0, 3, 1, "64"),
        writeCell(1, 0, 3, "64"),
        write(1, 0, new int[8], "64"),
        increment(1, "64"),
        increment(2, "64"),
        new Bad("incrementTimestamp", MemoryController::incrementTimestamp, List.of("64")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("atTheEndOfTime")
  void theClockDoesNotReachItsLimit(Bad bad) {
    VariableRangeChecker counts = rangeChecker(SHORT);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SHORT, counts);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.writeCell(1, 0, 1);
      controller.incrementTimestampBy(61);
      assertThat(controller.timestamp()).isEqualTo(63);
      refuses(controller, counts, bad);
      controller.incrementTimestampBy(0);
      assertThat(controller.timestamp()).isEqualTo(63);
      controller.finalizeMemory(hasher);
      controller.generateAirProofInputs().forEach(AirProofInput::close);
    }
  }

  @Test
  void theClockLimitHoldsWhenTheLogWasTaken() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SHORT)) {
      controller.writeCell(1, 0, 1);
      controller.incrementTimestampBy(58);
      controller.takeMemoryLogs();
      assertThat(controller.timestamp()).isEqualTo(60);
      controller.readCell(1, 0);
      controller.readCell(1, 0);
      controller.readCell(1, 0);
      assertThat(controller.timestamp()).isEqualTo(63);
      assertThatThrownBy(() -> controller.readCell(1, 0))
          .isInstanceOf(AccessRejectedException.class);
      assertThat(controller.memoryLogs().size()).isEqualTo(3);
    }
  }

  /** The page is larger than the address space; the reference accepts what cannot be proved. */
  @ParameterizedTest
  @ValueSource(ints = {4, 6, 11, 12})
  void cellsBehindASmallAddressSpace(int pointerMaxBits) {
    MemoryConfig config = SMALL.withPointerMaxBits(pointerMaxBits);
    int end = 1 << pointerMaxBits;
    VariableRangeChecker counts = rangeChecker(config);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, config, counts)) {
      controller.writeCell(1, end - 1, 3);
      controller.write(1, end - 8, 8, new int[8], 0, new int[8], 0);
      refuses(controller, counts, readCell(1, end));
      refuses(controller, counts, read(1, end - 1, 2));
      refuses(controller, counts, read(1, end - 7, 8));
      refuses(controller, counts, write(2, end - 3, new int[] {1, 1, 1, 1}));
      refuses(controller, counts, writeCell(2, end, 1));
      refuses(controller, counts, unsafe(1, end - 1, 2));
    }
  }

  @Test
  void buffersThatAreTooSmall() {
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts)) {
      someAccesses(controller);
      Snapshot before = Snapshot.of(controller, counts);
      int[] four = new int[4];
      List<Consumer<MemoryController>> calls =
          List.of(
              c -> c.read(1, 0, 8, four, 0),
              c -> c.read(1, 0, 4, four, 1),
              c -> c.read(1, 0, 4, four, -1),
              c -> c.read(1, 0, 1, four, Integer.MAX_VALUE),
              c -> c.read(0, 1, 1, four, 4),
              c -> c.write(1, 0, 8, four, 0, new int[8], 0),
              c -> c.write(1, 0, 4, four, 1, new int[8], 0),
              c -> c.write(1, 0, 4, four, -1, new int[8], 0),
              c -> c.write(1, 0, 8, new int[8], 0, four, 0),
              c -> c.write(1, 0, 4, new int[8], 0, four, 1),
              c -> c.write(1, 0, 4, new int[8], 0, four, -1),
              c -> c.unsafeRead(1, 0, 8, four, 0));
      for (Consumer<MemoryController> call : calls) {
        assertThatThrownBy(() -> call.accept(controller))
            .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      }
    }
  }

  @Test
  void negativeNumbersOfCells() {
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts)) {
      Snapshot before = Snapshot.of(controller, counts);
      for (int n : new int[] {-1, -8, Integer.MIN_VALUE}) {
        assertThatThrownBy(() -> controller.read(1, 0, n, new int[8], 0))
            .isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> controller.write(1, 0, n, new int[8], 0, new int[8], 0))
            .isInstanceOf(RuntimeException.class);
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      }
    }
  }

  // Initial memory.

  @Test
  void initialMemoryAfterTheFirstEntry() {
    List<Consumer<MemoryController>> first =
        List.of(
            c -> c.readCell(1, 0),
            c -> c.writeCell(1, 0, 1),
            c -> c.readCell(0, 1),
            c -> c.incrementTimestampBy(5),
            c -> c.incrementTimestampBy(0), // leaves the timestamp at 1
            c -> {
              c.readCell(1, 0);
              c.takeMemoryLogs();
            },
            c -> c.replayAccess(new MemoryLogEntry.IncrementTimestampBy(0)));
    for (Consumer<MemoryController> call : first) {
      VariableRangeChecker counts = rangeChecker(SMALL);
      try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts)) {
        controller.setInitialMemory(new AddressMap(SMALL).set(1, 7, 8));
        call.accept(controller);
        Snapshot before = Snapshot.of(controller, counts);
        assertThatThrownBy(() -> controller.setInitialMemory(new AddressMap(SMALL)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("setInitialMemory");
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
        assertThat(controller.unsafeReadCell(1, 7)).isEqualTo(8);
      }
    }
  }

  @Test
  void initialMemoryOfAnotherShape() {
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts)) {
      controller.setInitialMemory(new AddressMap(SMALL).set(1, 7, 8));
      Snapshot before = Snapshot.of(controller, counts);
      for (MemoryConfig other : List.of(SMALL.withAsHeight(3), SMALL.withPointerMaxBits(12))) {
        assertThatThrownBy(() -> controller.setInitialMemory(new AddressMap(other)))
            .isInstanceOf(IllegalArgumentException.class);
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      }
    }
  }

  /** An image of the caller's own making: a single page. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record OnePage(int space, int firstPointer, int[] cells) implements MemoryImage {
    @Override
    public MemoryConfig config() {
      return SMALL;
    }

    @Override
    public int get(int addressSpace, int pointer) {
      boolean here = addressSpace == space && pointer >>> 12 == firstPointer >>> 12;
      return here ? cells[pointer & 0xFFF] : 0;
    }

    @Override
    public void forEachPage(PageVisitor visitor) {
      visitor.visit(space, firstPointer, MemorySegment.ofArray(cells), 0, cells.length);
    }
  }

  @Test
  void initialMemoryWithIllegalCells() {
    int[] bad = new int[4096];
    bad[4095] = P;
    int[] good = new int[4096];
    good[1] = 5;
    List<MemoryImage> images =
        List.of(
            new OnePage(1, 0, bad),
            new OnePage(0, 0, good),
            new OnePage(5, 0, good),
            new OnePage(1, 8192, good),
            new OnePage(1, 4, good));
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts)) {
      controller.setInitialMemory(new OnePage(4, 4096, good));
      assertThat(controller.unsafeReadCell(4, 4097)).isEqualTo(5);
      Snapshot before = Snapshot.of(controller, counts);
      for (MemoryImage image : images) {
        assertThatThrownBy(() -> controller.setInitialMemory(image))
            .as("%s", image)
            .isInstanceOf(IllegalArgumentException.class);
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      }
    }
  }

  @Test
  void initialMemoryInVolatileMode() {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    VariableRangeChecker counts = rangeChecker(config);
    try (MemoryController controller = open(MemoryMode.VOLATILE, config, counts)) {
      Snapshot before = Snapshot.of(controller, counts);
      AddressMap image = new AddressMap(config).set(2, 1000, 77);
      assertThatThrownBy(() -> controller.setInitialMemory(image))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("volatile")
          .hasMessageContaining("77")
          .hasMessageContaining("(2, 1000)");
      assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      controller.readCell(1, 1);
      assertThatThrownBy(() -> controller.setInitialMemory(new AddressMap(config)))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  // Logs.

  @Test
  void aLogOfAnotherConfiguration() {
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts)) {
      someAccesses(controller);
      Snapshot before = Snapshot.of(controller, counts);
      for (MemoryConfig other :
          List.of(
              SMALL.withMaxAccessAdapterN(16),
              SMALL.withClkMaxBits(12),
              SMALL.withPointerMaxBits(14))) {
        assertThatThrownBy(() -> controller.setMemoryLogs(new AccessLog(other)))
            .isInstanceOf(IllegalArgumentException.class);
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      }
      // The capacity hint may differ.
      controller.setMemoryLogs(new AccessLog(SMALL.withAccessCapacity(1)));
    }
  }

  static Stream<MemoryLogEntry> illegalEntries() {
    return Stream.of(
        new MemoryLogEntry.Read(1, 0, 3),
        new MemoryLogEntry.Read(1, 0, 0),
        new MemoryLogEntry.Read(1, 0, -4),
        new MemoryLogEntry.Read(1, 0, 16),
        new MemoryLogEntry.Read(0, 5, 2),
        new MemoryLogEntry.Read(0, P, 1),
        new MemoryLogEntry.Read(5, 0, 1),
        new MemoryLogEntry.Read(1, 8192, 1),
        new MemoryLogEntry.Read(1, 8190, 4),
        new MemoryLogEntry.Write(0, 0, new int[] {1}),
        new MemoryLogEntry.Write(1, 0, new int[0]),
        new MemoryLogEntry.Write(1, 0, new int[3]),
        new MemoryLogEntry.Write(1, 0, new int[] {1, P}),
        new MemoryLogEntry.Write(1, 8191, new int[] {1, 2}),
        new MemoryLogEntry.IncrementTimestampBy(-1),
        new MemoryLogEntry.IncrementTimestampBy(62),
        new MemoryLogEntry.IncrementTimestampBy(Integer.MAX_VALUE));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("illegalEntries")
  void illegalEntriesOfALogFromElsewhere(MemoryLogEntry entry) {
    AccessLog log = new AccessLog(SHORT);
    log.appendRead(1, 3, 1);
    assertThatThrownBy(() -> log.append(entry)).isInstanceOf(AccessRejectedException.class);
    assertThat(log.size()).isEqualTo(1);
    assertThat(log.endTimestamp()).isEqualTo(2);
    assertThat(log).containsExactly(new MemoryLogEntry.Read(1, 3, 1));
    for (int first = 0; first < 2; first++) { // as the first entry of a replay, and later
      VariableRangeChecker counts = rangeChecker(SHORT);
      try (MemoryController controller = open(MemoryMode.PERSISTENT, SHORT, counts);
          Poseidon2Periphery hasher = new Poseidon2Periphery()) {
        controller.replayAccess(new MemoryLogEntry.Read(1, 3, 1));
        if (first == 0) {
          controller.replayAccess(new MemoryLogEntry.Write(1, 1, new int[] {5, 6}));
        }
        Snapshot before = Snapshot.of(controller, counts);
        assertThatThrownBy(() -> controller.replayAccess(entry))
            .isInstanceOf(AccessRejectedException.class);
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
        controller.finalizeMemory(hasher);
        controller.generateAirProofInputs().forEach(AirProofInput::close);
      }
    }
  }

  @Test
  void anIllegalFirstEntryOfAReplayByHandLeavesTheAutomaticOne() {
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SHORT);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      assertThatThrownBy(() -> controller.replayAccess(new MemoryLogEntry.Read(1, 0, 3)))
          .isInstanceOf(AccessRejectedException.class);
      controller.writeCell(1, 0, 4);
      controller.finalizeMemory(hasher);
      assertThat(controller.finalMemory().get(1, 0)).isEqualTo(4);
    }
  }

  @Test
  void replayByHandBesideALog() {
    VariableRangeChecker counts = rangeChecker(SHORT);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SHORT, counts);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.replayAccess(new MemoryLogEntry.Write(1, 0, new int[] {9}));
      controller.readCell(1, 0);
      Snapshot before = Snapshot.of(controller, counts);
      assertThatThrownBy(() -> controller.finalizeMemory(hasher))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("replayAccess");
      assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      assertThat(hasher.size()).isZero();
      controller.takeMemoryLogs();
      controller.finalizeMemory(hasher);
      assertThat(controller.finalMemory().get(1, 0)).isEqualTo(9);
    }
  }

  // Finalisation, heights, traces.

  @Test
  void finalisingPersistentMemoryWithoutAHasher() {
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      Snapshot before = Snapshot.of(controller, counts);
      assertThatThrownBy(() -> controller.finalizeMemory(null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("hasher");
      assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      controller.writeCell(3, 3, 3); // still active
      controller.finalizeMemory(hasher);
      assertThat(controller.finalMemory().get(3, 3)).isEqualTo(3);
    }
  }

  @Test
  void rootsOfVolatileMemory() {
    try (MemoryController controller = open(MemoryMode.VOLATILE, SMALL.withRangeMaxBits(8))) {
      controller.finalizeMemory(null);
      assertThatThrownBy(controller::finalRoot)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("volatile");
      assertThatThrownBy(controller::initialRoot).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void overriddenHeightsOfTheWrongShape() {
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts)) {
      for (MemoryTraceHeights heights :
          List.of(
              new MemoryTraceHeights.Volatile(1, List.of(1L, 1L, 1L)),
              new MemoryTraceHeights.Persistent(1, 1, List.of(1L, 1L)),
              new MemoryTraceHeights.Persistent(1, 1, List.of(1L, 1L, 1L, 1L)),
              new MemoryTraceHeights.Persistent(1, -1, List.of(1L, 1L, 1L)))) {
        assertThatThrownBy(() -> controller.setOverrideTraceHeights(heights))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
    try (MemoryController controller = open(MemoryMode.VOLATILE, SMALL.withRangeMaxBits(8))) {
      assertThatThrownBy(
              () ->
                  controller.setOverrideTraceHeights(
                      new MemoryTraceHeights.Persistent(1, 1, List.of(1L, 1L, 1L))))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void overriddenHeightsThatAreTooSmallCountNothing(MemoryMode mode) {
    MemoryConfig config = SMALL.withRangeMaxBits(8);
    VariableRangeChecker counts = rangeChecker(config);
    try (MemoryController controller = open(mode, config, counts);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      someAccesses(controller);
      controller.finalizeMemory(hasher);
      List<Long> used = controller.memoryTraceHeights().toList();
      for (int air = 0; air < used.size(); air++) {
        List<Long> heights = new ArrayList<>(used);
        boolean rounded = mode == MemoryMode.PERSISTENT && air < 2;
        long tooSmall = rounded ? Long.highestOneBit(used.get(air) - 1) : used.get(air) - 1;
        heights.set(air, tooSmall);
        controller.setOverrideTraceHeights(MemoryTraceHeights.of(mode, heights));
        Snapshot before = Snapshot.of(controller, counts);
        assertThatThrownBy(controller::generateAirProofInputs)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(controller.airNames().get(air))
            .hasMessageContaining(String.valueOf(tooSmall))
            .hasMessageContaining(String.valueOf(used.get(air)));
        assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
      }
      controller.setOverrideTraceHeights(MemoryTraceHeights.of(mode, used));
      List<List<Integer>> traces = drain(controller.generateAirProofInputs());
      assertThat(traces).hasSize(used.size());
    }
  }

  // Auxiliary columns.

  @Test
  void auxiliaryColumnsOfTheWrongAccess() {
    VariableRangeChecker counts = rangeChecker(SMALL);
    try (MemoryController controller = open(MemoryMode.PERSISTENT, SMALL, counts);
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      controller.write(1, 0, 4, new int[4], 0, new int[4], 0);
      controller.readCell(0, 3);
      controller.readCell(1, 3);
      controller.finalizeMemory(hasher);
      OfflineMemory offline = controller.offlineMemory();
      MemoryAuxColsFactory factory = controller.auxColsFactory();
      Snapshot before = Snapshot.of(controller, counts);
      assertThatThrownBy(() -> factory.generateReadAux(offline.record(1), new MemoryReadAuxCols()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("record 1");
      assertThatThrownBy(
              () -> factory.generateWriteAux(offline.record(2), new MemoryWriteAuxCols(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("record 2");
      assertThatThrownBy(
              () -> factory.generateWriteAux(offline.record(0), new MemoryWriteAuxCols(2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("record 0");
      assertThat(Snapshot.of(controller, counts)).isEqualTo(before);
    }
  }

  // Construction.

  @Test
  void aRangeCheckerOfAnotherLimbSize() {
    VariableRangeChecker other = rangeChecker(SMALL.withRangeMaxBits(8));
    for (MemoryMode mode : MemoryMode.values()) {
      MemoryConfig config = mode == MemoryMode.PERSISTENT ? SMALL : SMALL.withRangeMaxBits(9);
      assertThatThrownBy(() -> open(mode, config, other))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("rangeMaxBits")
          .hasMessageContaining("8");
    }
  }

  @Test
  void anIllegalConfigurationIsRefusedAtConstruction() {
    MemoryConfig fourCells = SMALL.withMaxAccessAdapterN(4);
    assertThatThrownBy(() -> open(MemoryMode.PERSISTENT, fourCells))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxAccessAdapterN");
    MemoryConfig narrow = SMALL.withRangeMaxBits(13).withClkMaxBits(14);
    assertThatThrownBy(() -> open(MemoryMode.VOLATILE, narrow))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pointerMaxBits");
    MemoryConfig clock = SMALL.withClkMaxBits(30).withRangeMaxBits(17);
    assertThatThrownBy(() -> open(MemoryMode.PERSISTENT, clock))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("clkMaxBits");
  }
}
