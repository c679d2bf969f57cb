// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.controller.State;
import dev.memtrace.image.AddressMap;
import dev.memtrace.instrument.HeardStages;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.StageListener;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.merkle.StateTree;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The device fails at each call of a whole segment in turn. */
class CudaSessionFaultsTest {
  private static final int INVALID_VALUE = 1;
  private static final int OUT_OF_MEMORY = 2;
  private static final int NOT_READY = 600;
  private static final int LAUNCH_FAILED = 719;
  private static final int ACCESSES = 1500;

  /**
   * So many calls fail from the first on, then ever fewer; all of them if there are not so many.
   */
  private static final int DENSITY = Integer.getInteger("memtrace.cuda.density", 16);

  private static final int SEQUENCES = Integer.getInteger("memtrace.cuda.sequences", 30);
  private static final long SEED = Long.getLong("memtrace.cuda.sequences.seed", 20261123);

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

  /** The device could not be opened. */
  private static final class CannotOpenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CannotOpenException(AssertionError cause) {
      super(cause.getMessage(), cause);
    }
  }

  private static CudaDevice openDevice() {
    try {
      return CudaFixture.open();
    } catch (AssertionError e) {
      throw new CannotOpenException(e);
    }
  }

  /** What a segment is run on. Closed whatever happens. */
  private static final class Run implements AutoCloseable {
    private final MemoryConfig config = MemoryConfig.defaults().withAccessCapacity(0);
    private final VariableRangeChecker rangeChecker =
        new VariableRangeChecker(new RangeCheckerBus(1, config.rangeMaxBits()));
    private final Poseidon2Periphery hasher = new Poseidon2Periphery();
    private final List<int[]> products = new ArrayList<>();
    private final CudaBackend backend;
    private final MemoryMode mode;
    private final boolean retrying;
    private final boolean ownsBackend;

    /** Runs on the backend of another one, which closes it. */
    Run(Run other) {
      this.mode = other.mode;
      this.retrying = other.retrying;
      this.backend = other.backend;
      this.ownsBackend = false;
    }

    Run(MemoryMode mode, boolean retrying) {
      this(mode, retrying, StageListener.NONE);
    }

    Run(MemoryMode mode, boolean retrying, StageListener listener) {
      this.mode = mode;
      this.retrying = retrying;
      this.ownsBackend = true;
      // The first guess is too small, so that the replay begins twice.
      ReplayTuning tuning = new ReplayTuning(22, false, _ -> 100);
      CudaDevice device = openDevice();
      try {
        this.backend =
            new CudaBackend(device, new BackendOptions(1).withListener(listener), tuning);
      } catch (RuntimeException | Error e) {
        device.close();
        throw e;
      }
    }

    private <T> T attempt(Supplier<T> operation) {
      try {
        return operation.get();
      } catch (DeviceMemoryException e) {
        if (!retrying) {
          throw e;
        }
        return operation.get();
      }
    }

    private MemoryController controller() {
      return mode == MemoryMode.VOLATILE
          ? MemoryController.withVolatileMemory(new MemoryBus(0), config, rangeChecker, backend)
          : MemoryController.withPersistentMemory(
              new MemoryBus(0),
              config,
              rangeChecker,
              new MerkleBus(2),
              new CompressionBus(3),
              backend);
    }

    List<int[]> products() {
      try (MemoryController controller = attempt(this::controller)) {
        if (mode == MemoryMode.PERSISTENT) {
          AddressMap initial = new AddressMap(config).set(1, 40, 9).set(2, 5000, 7);
          attempt(
              () -> {
                controller.setInitialMemory(initial);
                return controller;
              });
        }
        access(controller, new Random(8), ACCESSES);
        finish(controller);
        WordStream records = controller.records();
        products.add(attempt(() -> words(records)));
        products.add(attempt(() -> controller.offlineMemory().record(7)).data());
        addTraces(controller);
        products.add(rangeChecker.counts());
        try (WordStream columns = attempt(controller::generateAuxColumns)) {
          products.add(words(columns));
        }
        products.add(rangeChecker.counts());
        products.add(hasher.inputs().toArray(ValueLayout.JAVA_INT));
        List<Integer> cells = new ArrayList<>();
        attempt(controller::finalMemory)
            .forEachNonZero(
                (space, pointer, value) -> cells.addAll(List.of(space, pointer, value)));
        products.add(cells.stream().mapToInt(Integer::intValue).toArray());
        if (mode == MemoryMode.PERSISTENT) {
          try (MemoryState state = attempt(controller::finalState)) {
            next(state);
          }
        }
      }
      return products;
    }

    /** A short segment on the state of the first one, which adds a page and needs a larger tree. */
    private void next(MemoryState state) {
      try (MemoryController controller = attempt(this::controller)) {
        attempt(
            () -> {
              controller.setInitialMemory(state);
              return controller;
            });
        access(controller, new Random(9), 20);
        attempt(() -> controller.writeCell(3, 70_000, 5));
        for (int i = 0; i < 60; i++) {
          int pointer = 100_000 * i;
          attempt(() -> controller.writeCell(4, pointer, 6));
        }
        finish(controller);
        products.add(controller.initialRoot());
        products.add(controller.finalRoot());
        try (MemoryState after = attempt(controller::finalState)) {
          // Once the state was handed out, what is left is made from the cells of the host.
          addTraces(controller);
          products.add(after.root());
          products.add(new int[] {(int) after.image().nonZeroCells()});
          products.add(treeOnHost(after).root());
        }
      }
    }

    private void finish(MemoryController controller) {
      attempt(
          () -> {
            controller.finalizeMemory(hasher);
            return controller;
          });
    }

    private void addTraces(MemoryController controller) {
      List<AirProofInput> inputs = attempt(controller::generateAirProofInputs);
      try {
        for (AirProofInput input : inputs) {
          TraceMatrix trace = input.trace();
          int[] cells = new int[Math.toIntExact(trace.height() * trace.width())];
          trace.copyTo(MemorySegment.ofArray(cells), TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
          products.add(cells);
          products.add(input.publicValues());
        }
      } finally {
        AirProofInput.closeAll(inputs);
      }
    }

    private void access(MemoryController controller, Random random, int accesses) {
      int[] values = new int[32];
      for (int i = 0; i < accesses; i++) {
        int n = 1 << random.nextInt(6);
        int space = 1 + random.nextInt(2);
        int pointer = 4096 * random.nextInt(3) + random.nextInt(200);
        boolean write = random.nextBoolean();
        for (int j = 0; j < n; j++) {
          values[j] = random.nextInt(1 << 20);
        }
        int[] written = values.clone();
        attempt(
            () ->
                write
                    ? controller.write(space, pointer, n, written, 0, new int[32], 0)
                    : controller.read(space, pointer, n, new int[32], 0));
      }
    }

    @Override
    public void close() {
      hasher.close();
      if (ownsBackend) {
        backend.close();
      }
    }
  }

  /** Brings the tree of a state to the host. */
  private static StateTree treeOnHost(MemoryState state) {
    try (Workers workers = new Workers(1)) {
      return state.hashedTree(workers, Poseidon2Batch.portable());
    }
  }

  private static int[] words(WordStream stream) {
    List<int[]> parts = new ArrayList<>();
    stream.forEachChunk(part -> parts.add(part.toArray(ValueLayout.JAVA_INT)));
    return parts.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private static List<int[]> products(MemoryMode mode, boolean retrying) {
    return products(mode, retrying, StageListener.NONE);
  }

  private static List<int[]> products(MemoryMode mode, boolean retrying, StageListener listener) {
    try (Run run = new Run(mode, retrying, listener)) {
      return run.products();
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void deviceMemoryThatEndsAtEachAllocationInTurn(MemoryMode mode) {
    List<int[]> want = products(mode, true);
    long allocations = emulator.count("allocation");
    assertThat(allocations).isGreaterThan(40);
    long opening;
    try (Run run = new Run(mode, true)) {
      emulator.reset();
      run.products();
      opening = allocations - emulator.count("allocation");
    }
    for (long nth = 1; nth <= allocations - opening; nth++) {
      emulator.reset();
      List<int[]> got;
      try (Run run = new Run(mode, true)) {
        emulator.fail("allocation", nth, OUT_OF_MEMORY);
        got = run.products();
      }
      for (int i = 0; i < want.size(); i++) {
        assertThat(Arrays.equals(got.get(i), want.get(i)))
            .as("product %d, allocation %d of %d fails", i, nth, allocations - opening)
            .isTrue();
      }
    }
  }

  /**
   * A call that fails ends in an error of the right type, or is made good: never in other bytes.
   */
  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void eachCallFailsInTurn(MemoryMode mode) {
    eachCallFailsInTurn(mode, StageListener.NONE, DENSITY);
  }

  /** Ranges and events end as well, whichever call fails; nothingIsLeft looks for them. */
  @Test
  void eachCallFailsInTurnWhileSomebodyListens() {
    HeardStages heard = new HeardStages();
    eachCallFailsInTurn(MemoryMode.PERSISTENT, heard, 6);
    assertThat(heard.stages()).containsExactlyInAnyOrder(Stage.values());
  }

  private void eachCallFailsInTurn(MemoryMode mode, StageListener listener, int density) {
    List<int[]> want = products(mode, false);
    for (int code : new int[] {INVALID_VALUE, LAUNCH_FAILED}) {
      emulator.reset();
      products(mode, false, listener);
      long calls = emulator.count("call");
      int errors = 0;
      // Every call at the begin, where kinds of calls are new, then ever fewer.
      for (long nth = 1; nth <= calls; nth += 1 + nth / density) {
        emulator.reset();
        emulator.fail("call", nth, code);
        String what = "call %d of %d returns %d".formatted(nth, calls, code);
        try {
          List<int[]> got = products(mode, false, listener);
          for (int i = 0; i < want.size(); i++) {
            assertThat(Arrays.equals(got.get(i), want.get(i))).as("%s: %d", what, i).isTrue();
          }
        } catch (CudaException | DeviceLostException | CannotOpenException e) {
          assertThat(e.getMessage()).as(what).isNotBlank();
          // Nothing was left for the device to name, and no time was asked before it was known.
          assertThat(e.getSuppressed())
              .as(what)
              .noneMatch(IllegalStateException.class::isInstance)
              .noneMatch(other -> other instanceof CudaException c && c.code() == NOT_READY);
          errors++;
        }
        assertThat(emulator.count("range_without_push")).as(what).isEqualTo(0);
        emulator.reset();
        CudaFixture.assertNothingLeft(emulator);
      }
      assertThat(errors).isGreaterThan(2 * Math.min(16, density));
    }
  }

  /** Faults of all kinds follow one another; the same backend goes on until its device is lost. */
  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void randomSequencesOfFailures(MemoryMode mode) {
    List<int[]> want = products(mode, true);
    long calls = emulator.count("call");
    int lost = 0;
    int errors = 0;
    for (int i = 0; i < SEQUENCES; i++) {
      emulator.reset();
      Sequence sequence = new Sequence(mode, SEED + i);
      sequence.run(calls, want);
      lost += sequence.lost ? 1 : 0;
      errors += sequence.errors;
      CudaFixture.assertNothingLeft(emulator);
    }
    assertThat(lost).isBetween(1, SEQUENCES - 1);
    assertThat(errors).isPositive();
  }

  /** Tries of a segment on one backend, the last of them without a fault. */
  private final class Sequence {
    private final MemoryMode mode;
    private final long seed;
    private final Random random;
    private boolean mayLose;
    private boolean lost;
    private int errors;

    Sequence(MemoryMode mode, long seed) {
      this.mode = mode;
      this.seed = seed;
      this.random = new Random(seed);
    }

    void run(long calls, List<int[]> want) {
      try (Run run = new Run(mode, random.nextBoolean())) {
        for (int faults = 1 + random.nextInt(6); ; faults /= 2) {
          mayLose |= inject(random, faults, calls);
          boolean done = attempt(run, want, faults);
          emulator.reset();
          if (done || lost) {
            return;
          }
        }
      }
    }

    /** Returns whether it worked, and nothing could fail. */
    private boolean attempt(Run run, List<int[]> want, int faults) {
      try (Run attempt = new Run(run)) {
        List<int[]> got = attempt.products();
        for (int i = 0; i < want.size(); i++) {
          assertThat(Arrays.equals(got.get(i), want.get(i)))
              .as("seed %d, product %d", seed, i)
              .isTrue();
        }
        return faults == 0;
      } catch (CudaException | DeviceMemoryException | DeviceLostException e) {
        lost = e instanceof DeviceLostException;
        // The loss of the device may show in the next try only.
        assertThat(faults > 0 || (lost && mayLose)).as("seed %d: %s", seed, e).isTrue();
        errors++;
        return false;
      }
    }
  }

  /** Returns whether the device may be lost. */
  private boolean inject(Random random, int faults, long calls) {
    boolean mayLose = false;
    for (int i = 0; i < faults; i++) {
      int nth = 1 + random.nextInt(Math.toIntExact(calls));
      int kind = random.nextInt(5);
      mayLose |= kind < 2;
      switch (kind) {
        case 0 -> emulator.fail("call", nth, LAUNCH_FAILED);
        case 1 -> emulator.fail("kernel:", nth, LAUNCH_FAILED);
        case 2 -> emulator.fail("allocation", 1 + random.nextInt(60), OUT_OF_MEMORY);
        default -> emulator.fail("call", nth, INVALID_VALUE);
      }
    }
    return mayLose;
  }

  @Test
  void aKernelThatFailsLosesTheDeviceAndNothingElse() {
    try (Run run = new Run(MemoryMode.VOLATILE, false)) {
      emulator.fail("kernel:memtrace_classify", 1, LAUNCH_FAILED);
      assertThatThrownBy(run::products).isInstanceOf(DeviceLostException.class);
      assertThatThrownBy(run::products).isInstanceOf(DeviceLostException.class);
    }
  }

  @Test
  void aLogThatDoesNotFitIsRefusedWithTheNumbers() {
    try (Run run = new Run(MemoryMode.VOLATILE, false);
        MemoryController controller = run.controller()) {
      run.access(controller, new Random(8), ACCESSES);
      long launches = emulator.count("kernel:memtrace_page_alignment");
      emulator.set("memory", emulator.live("device_bytes") + 4096);
      assertThatThrownBy(() -> controller.finalizeMemory(null))
          .isInstanceOfSatisfying(
              DeviceMemoryException.class,
              e -> {
                assertThat(e.need()).isGreaterThan(e.rest());
                assertThat(e).hasMessageContaining(Long.toString(e.need()));
                assertThat(e).hasMessageContaining(Long.toString(e.rest()));
              });
      assertThat(emulator.count("kernel:memtrace_page_alignment")).isEqualTo(launches);
      assertThat(controller.state()).isEqualTo(State.ACTIVE);
      emulator.reset();
      controller.finalizeMemory(null);
      assertThat(controller.currentTraceHeights()[0]).isPositive();
    }
  }

  @Test
  void entriesAreNotReplayedByHandOnADevice() {
    MemoryConfig config = MemoryConfig.defaults();
    try (CudaBackend backend = new CudaBackend(CudaFixture.open(), new BackendOptions(1))) {
      try (var session = backend.open(MemoryMode.VOLATILE, new AddressMap(config))) {
        assertThatThrownBy(() -> session.replayAccess(new MemoryLogEntry.Read(1, 0, 1)))
            .isInstanceOf(UnsupportedOperationException.class);
      }
    }
  }
}
