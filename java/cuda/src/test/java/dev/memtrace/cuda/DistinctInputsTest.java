// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.field.BabyBear;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Distinct Poseidon2 inputs found on the device, and their trace, against the CPU's. */
class DistinctInputsTest {
  private static final int INVALID_VALUE = 1;
  private static final int OUT_OF_MEMORY = 2;
  private static final int LAUNCH_FAILED = 719;
  private static final int CASES = Boolean.getBoolean("memtrace.sanitized") ? 60 : 200;

  private final CpuBackend cpu = new CpuBackend(new BackendOptions(1));
  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    cpu.close();
    CudaFixture.assertNothingLeft(emulator);
    emulator.reset();
  }

  /** Rows of a boundary and of a Merkle trace, canonical and row-major, as far as they are used. */
  private record Claims(List<int[]> boundary, List<int[]> merkle) {
    static Claims random(Random random, int boundaryRows, int merkleRows, int kinds) {
      List<int[]> boundary = new ArrayList<>();
      List<int[]> merkle = new ArrayList<>();
      for (int i = 0; i < boundaryRows; i++) {
        boundary.add(noise(random, PersistentBoundaryAir.WIDTH));
        fill(boundary.getLast(), PersistentBoundaryAir.VALUES, 8, random.nextInt(kinds));
      }
      for (int i = 0; i < merkleRows; i++) {
        merkle.add(noise(random, MerkleAir.WIDTH));
        fill(merkle.getLast(), MerkleAir.LEFT_HASH, 8, random.nextInt(kinds));
        // Some are equal to chunks, which end in zeros.
        int kind = random.nextBoolean() ? 0 : random.nextInt(kinds);
        fill(merkle.getLast(), MerkleAir.LEFT_HASH + 8, 8, kind);
      }
      return new Claims(boundary, merkle);
    }

    private static int[] noise(Random random, int width) {
      return random.ints(width, 0, BabyBear.P).toArray();
    }

    /** Kind 0 is zero; the others differ in one word or in all. */
    private static void fill(int[] row, int from, int words, int kind) {
      Random content = new Random(kind / 2);
      for (int i = 0; i < words; i++) {
        row[from + i] = kind == 0 ? 0 : content.nextInt(BabyBear.P);
      }
      if (kind % 2 == 1) {
        int at = from + content.nextInt(words);
        row[at] = (row[at] + 1) % BabyBear.P;
      }
    }

    void recordIn(Poseidon2Periphery hasher) {
      for (int[] row : boundary) {
        hasher.recordAll(MemorySegment.ofArray(row), PersistentBoundaryAir.VALUES, 0, 8, 1);
      }
      for (int[] row : merkle) {
        hasher.recordAll(MemorySegment.ofArray(row), MerkleAir.LEFT_HASH, 0, 16, 1);
      }
    }

    DistinctInputs.Requests upload(DeviceScope scope, CudaStream stream) {
      long boundaryHeight = TraceHeight.nextPowerOfTwo(boundary.size());
      long merkleHeight = TraceHeight.nextPowerOfTwo(merkle.size());
      return new DistinctInputs.Requests(
          new Arguments.TraceColumns(
              upload(scope, stream, boundary, boundaryHeight, PersistentBoundaryAir.WIDTH),
              boundaryHeight),
          boundary.size(),
          new Arguments.TraceColumns(
              upload(scope, stream, merkle, merkleHeight, MerkleAir.WIDTH), merkleHeight),
          merkle.size());
    }

    private static DeviceBuffer upload(
        DeviceScope scope, CudaStream stream, List<int[]> rows, long height, int width) {
      int[] cells = new int[Math.toIntExact(height * width)];
      for (int row = 0; row < rows.size(); row++) {
        for (int column = 0; column < width; column++) {
          cells[(int) (column * height) + row] = BabyBear.toMontgomery(rows.get(row)[column]);
        }
      }
      DeviceBuffer buffer = scope.allocate(4L * cells.length, "test");
      stream.copyToDevice(CudaFixture.words(cells), buffer, 0);
      return buffer;
    }
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

  private static CudaBackend open() {
    CudaDevice device = openDevice();
    try {
      return new CudaBackend(device, new BackendOptions(1));
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }

  /** The inputs, which outlive their stream. */
  private static DeviceInputs find(
      CudaBackend backend, Claims claims, DistinctInputs.Grouping grouping) {
    try (CudaStream stream = backend.device().openStream();
        DeviceScope scope = new DeviceScope(stream)) {
      return DistinctInputs.of(backend, stream, claims.upload(scope, stream), grouping);
    }
  }

  private static DeviceInputs find(CudaBackend backend, Claims claims) {
    return find(backend, claims, DistinctInputs.Grouping.defaults());
  }

  private static int[] rows(Poseidon2Periphery hasher) {
    return hasher.inputs().toArray(ValueLayout.JAVA_INT);
  }

  private static int[] wantedRows(Claims claims) {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      claims.recordIn(hasher);
      return rows(hasher);
    }
  }

  private static int[] rows(DeviceInputs inputs) {
    MemorySegment rows = Arena.ofAuto().allocate(Math.max(4, 68 * inputs.size()), 8);
    inputs.copyTo(rows);
    return rows.asSlice(0, 68 * inputs.size()).toArray(ValueLayout.JAVA_INT);
  }

  private static int[] trace(TraceBackend backend, Poseidon2Periphery hasher, int registers) {
    try (TraceMatrix trace = backend.poseidon2Trace(hasher, registers)) {
      int[] cells = new int[Math.toIntExact(trace.height() * trace.width())];
      trace.copyTo(MemorySegment.ofArray(cells), TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
      return cells;
    }
  }

  private static boolean staysOnADevice(Poseidon2Periphery hasher) {
    return hasher.whereTheyLie(Optional::of).isPresent();
  }

  /** Both variants of the trace, from wherever the inputs lie, are those of the CPU. */
  private void assertTraces(CudaBackend backend, Poseidon2Periphery hasher, Claims claims) {
    try (Poseidon2Periphery expected = new Poseidon2Periphery()) {
      claims.recordIn(expected);
      for (int registers = 0; registers < 2; registers++) {
        assertThat(trace(backend, hasher, registers)).isEqualTo(trace(cpu, expected, registers));
        try (TraceMatrix trace = backend.poseidon2Trace(hasher, registers)) {
          assertThat(trace.location()).isEqualTo(TraceMatrix.Location.DEVICE);
          assertThat(trace.height()).isEqualTo(TraceHeight.nextPowerOfTwoOrZero(hasher.size()));
        }
      }
    }
  }

  @Test
  void randomRequests() {
    try (CudaBackend backend = open()) {
      for (int seed = 0; seed < CASES; seed++) {
        Random random = new Random(seed);
        emulator.set("order", seed % 3);
        emulator.set("defer", seed % 2);
        int most = seed % 20 == 0 ? 3000 : 60;
        Claims claims =
            Claims.random(
                random, random.nextInt(most), random.nextInt(most), 1 + random.nextInt(2 * most));
        try (DeviceInputs inputs = find(backend, claims)) {
          int[] want = wantedRows(claims);
          assertThat(inputs.size()).as("seed %d", seed).isEqualTo(want.length / 17);
          assertThat(inputs.requests())
              .as("seed %d", seed)
              .isEqualTo(claims.boundary().size() + claims.merkle().size());
          assertThat(rows(inputs)).as("seed %d", seed).isEqualTo(want);
        }
        if (seed % 10 == 0) {
          try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
            hasher.record(find(backend, claims));
            assertTraces(backend, hasher, claims);
            assertThat(staysOnADevice(hasher)).isEqualTo(hasher.size() > 0);
          }
          try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
            claims.recordIn(hasher);
            assertTraces(backend, hasher, claims);
          }
        }
      }
    }
  }

  /** Fingerprints of few bits collide, until a seed is found under which these do not. */
  @Test
  void collisionsCostAttemptsAndNothingElse() {
    int repeated = 0;
    try (CudaBackend backend = open()) {
      for (int seed = 0; seed < CASES; seed++) {
        Random random = new Random(seed);
        Claims claims = Claims.random(random, random.nextInt(40), random.nextInt(5), 4);
        AtomicInteger attempts = new AtomicInteger();
        DistinctInputs.Grouping grouping =
            new DistinctInputs.Grouping(
                7,
                () -> {
                  attempts.incrementAndGet();
                  return random.nextLong();
                });
        try (DeviceInputs inputs = find(backend, claims, grouping)) {
          assertThat(rows(inputs)).as("seed %d", seed).isEqualTo(wantedRows(claims));
        }
        repeated += attempts.get() > 1 ? 1 : 0;
      }
    }
    assertThat(repeated).isBetween(CASES / 20, CASES - 1);
  }

  @Test
  void collisionsWithoutEndAreAnError() {
    Claims claims = Claims.random(new Random(1), 100, 100, 500);
    AtomicInteger attempts = new AtomicInteger();
    try (CudaBackend backend = open()) {
      assertThatThrownBy(
              () ->
                  find(backend, claims, new DistinctInputs.Grouping(3, attempts::incrementAndGet)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("16 random seeds");
      assertThat(attempts.get()).isEqualTo(16);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 100, 1L << 20, 0xFFFF_FFFEL})
  void fingerprintsHaveTwiceTheBitsOfTheRequestsAndEight(long requests) {
    int bits = DistinctInputs.Grouping.defaults().bits(requests);
    assertThat(bits).isBetween(1, 64);
    if (bits < 64) {
      assertThat(Math.scalb(1.0, bits)).isGreaterThan(256.0 * requests * requests);
    }
  }

  @Test
  void secretSeedsDiffer() {
    DistinctInputs.Grouping grouping = DistinctInputs.Grouping.defaults();
    assertThat(grouping.seeds().getAsLong()).isNotEqualTo(grouping.seeds().getAsLong());
  }

  @Test
  void nothingAndZeros() {
    try (CudaBackend backend = open()) {
      Claims none = new Claims(List.of(), List.of());
      Claims zeros =
          new Claims(
              List.of(new int[PersistentBoundaryAir.WIDTH]), List.of(new int[MerkleAir.WIDTH]));
      try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
        hasher.record(find(backend, none));
        assertThat(hasher.size()).isZero();
        assertTraces(backend, hasher, none);
        hasher.record(find(backend, zeros));
        assertThat(hasher.size()).isOne();
        assertTraces(backend, hasher, zeros);
        assertThat(rows(hasher)).containsOnly(0, 2).hasSize(17);
      }
      try (DeviceInputs inputs = find(backend, zeros)) {
        assertThatThrownBy(() -> inputs.copyTo(Arena.ofAuto().allocate(64)))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
  }

  @Test
  void tooManyRequestsAreRefusedBeforeAnyWork() {
    try (CudaBackend backend = open();
        CudaStream stream = backend.device().openStream()) {
      assertThatThrownBy(
              () ->
                  DistinctInputs.of(
                      backend,
                      stream,
                      new DistinctInputs.Requests(
                          Arguments.TraceColumns.NONE,
                          1L << 31,
                          Arguments.TraceColumns.NONE,
                          1L << 31)))
          .isInstanceOf(DeviceMemoryException.class)
          .hasMessageContaining("4294967296 requests");
    }
  }

  @Test
  void otherChipsInputsAreMergedInOrder() {
    try (CudaBackend backend = open()) {
      for (int seed = 0; seed < 8; seed++) {
        Random random = new Random(seed);
        Claims[] claims = new Claims[3];
        for (int i = 0; i < claims.length; i++) {
          claims[i] = Claims.random(random, random.nextInt(30), random.nextInt(30), 20);
        }
        try (Poseidon2Periphery hasher = new Poseidon2Periphery();
            Poseidon2Periphery expected = new Poseidon2Periphery()) {
          for (int i = 0; i < claims.length; i++) {
            claims[i].recordIn(expected);
            if ((seed >> i & 1) == 0) {
              claims[i].recordIn(hasher);
            } else {
              hasher.record(find(backend, claims[i]));
            }
          }
          for (int registers = 0; registers < 2; registers++) {
            assertThat(trace(backend, hasher, registers))
                .as("seed %d", seed)
                .isEqualTo(trace(cpu, expected, registers));
          }
          assertThat(rows(hasher)).as("seed %d", seed).isEqualTo(rows(expected));
        }
      }
    }
  }

  @Test
  void anotherBackendGetsACopy() {
    Claims claims = Claims.random(new Random(5), 20, 20, 10);
    try (CudaBackend backend = open();
        CudaBackend other = open();
        Poseidon2Periphery hasher = new Poseidon2Periphery();
        Poseidon2Periphery second = new Poseidon2Periphery()) {
      hasher.record(find(backend, claims));
      assertTraces(other, hasher, claims);
      assertThat(staysOnADevice(hasher)).isFalse();
      second.record(find(backend, claims));
      assertThat(trace(cpu, second, 1)).isEqualTo(trace(backend, hasher, 1));
      assertThat(staysOnADevice(second)).isFalse();
    }
  }

  @Test
  void aTraceThatDoesNotFitCanBeMadeOnTheHost() {
    Claims claims = Claims.random(new Random(6), 30, 30, 50);
    try (CudaBackend backend = open();
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      hasher.record(find(backend, claims));
      emulator.set("memory", emulator.live("device_bytes") + 100);
      assertThatThrownBy(() -> backend.poseidon2Trace(hasher, 1))
          .isInstanceOf(DeviceMemoryException.class)
          .hasMessageContaining("Poseidon2 trace");
      assertThat(staysOnADevice(hasher)).isTrue();
      int[] onHost = trace(cpu, hasher, 1);
      emulator.reset();
      assertThat(trace(backend, hasher, 1)).isEqualTo(onHost);
    }
  }

  @Test
  void theNumberOfRegisters() {
    try (CudaBackend backend = open();
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      hasher.record(find(backend, Claims.random(new Random(3), 2, 2, 5)));
      for (int registers : new int[] {-1, 2}) {
        assertThatThrownBy(() -> backend.poseidon2Trace(hasher, registers))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("registers: " + registers);
      }
    }
  }

  /** Two segments that share a recorder, which outlives both. */
  private static void runSegments(TraceBackend backend, int segments, Poseidon2Periphery hasher) {
    MemoryConfig config = MemoryConfig.defaults();
    for (int segment = 0; segment < segments; segment++) {
      try (MemoryController controller =
          MemoryController.withPersistentMemory(
              new MemoryBus(0),
              config,
              new VariableRangeChecker(new RangeCheckerBus(1, config.rangeMaxBits())),
              new MerkleBus(2),
              new CompressionBus(3),
              backend)) {
        Random random = new Random(segment);
        for (int i = 0; i < 200; i++) {
          int[] values = random.ints(4, 0, 1 << 20).toArray();
          controller.write(1 + i % 2, 4 * random.nextInt(300), 4, values, 0, new int[4], 0);
        }
        controller.finalizeMemory(hasher);
        assertThat(hasher.size()).isPositive();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void whatSegmentsRecordIsThereWhenTheyAreClosed(int segments) {
    try (CudaBackend backend = open();
        Poseidon2Periphery hasher = new Poseidon2Periphery();
        Poseidon2Periphery expected = new Poseidon2Periphery()) {
      runSegments(backend, segments, hasher);
      runSegments(cpu, segments, expected);
      assertThat(staysOnADevice(hasher)).isEqualTo(segments == 1);
      for (int registers = 0; registers < 2; registers++) {
        assertThat(trace(backend, hasher, registers)).isEqualTo(trace(cpu, expected, registers));
      }
      assertThat(staysOnADevice(hasher)).isEqualTo(segments == 1);
      assertThat(rows(hasher)).isEqualTo(rows(expected));
    }
  }

  @Test
  void theRecorderIsClosedFirst() {
    try (CudaBackend backend = open()) {
      long before = emulator.live("device_allocations");
      Poseidon2Periphery hasher = new Poseidon2Periphery();
      hasher.record(find(backend, Claims.random(new Random(7), 9, 9, 9)));
      assertThat(emulator.live("device_allocations")).isGreaterThan(before);
      hasher.close();
      assertThat(emulator.live("device_allocations")).isEqualTo(before);
    }
  }

  /** The frame of this method holds the backend. */
  private static DeviceInputs recordBeforeClosing(
      Claims claims, Poseidon2Periphery hasher, Poseidon2Periphery unused) {
    try (CudaBackend backend = open()) {
      DeviceInputs inputs = find(backend, claims);
      hasher.record(inputs);
      unused.record(find(backend, claims));
      return inputs;
    }
  }

  @Test
  void theBackendIsClosedFirst() {
    Claims claims = Claims.random(new Random(8), 30, 30, 40);
    try (Poseidon2Periphery hasher = new Poseidon2Periphery();
        Poseidon2Periphery unused = new Poseidon2Periphery()) {
      DeviceInputs inputs = recordBeforeClosing(claims, hasher, unused);
      CudaFixture.assertNothingLeft(emulator);
      assertThat(hasher.size()).isEqualTo(wantedRows(claims).length / 17);
      assertThat(rows(inputs)).isEqualTo(wantedRows(claims));
      try (CudaBackend next = open()) {
        assertTraces(next, hasher, claims);
      }
      assertThat(rows(hasher)).isEqualTo(wantedRows(claims));
      assertThatThrownBy(() -> rows(inputs))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }

  @Test
  void whatALostDeviceTakesAlongIsNamed() {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      try (CudaBackend backend = open()) {
        hasher.record(find(backend, Claims.random(new Random(9), 9, 9, 2)));
        emulator.fail("kernel:memtrace_poseidon2_rows_1", 1, LAUNCH_FAILED);
        assertThatThrownBy(() -> backend.poseidon2Trace(hasher, 1))
            .isInstanceOf(DeviceLostException.class);
        assertThatThrownBy(hasher::inputs).isInstanceOf(DeviceLostException.class);
      }
      assertThatThrownBy(hasher::inputs)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Poseidon2 inputs were on a device")
          .hasRootCauseInstanceOf(DeviceLostException.class);
    }
    emulator.reset();
  }

  /** Finds the inputs and makes a trace of them, each as often as it takes. */
  private static List<int[]> products(Claims claims, boolean retrying) {
    List<int[]> products = new ArrayList<>();
    try (CudaBackend backend = open();
        Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      for (int step = 0; step < 3; step++) {
        Runnable work =
            switch (step) {
              case 0 -> () -> hasher.record(find(backend, claims));
              case 1 -> () -> products.add(trace(backend, hasher, 1));
              default ->
                  () -> {
                    products.add(rows(hasher));
                    products.add(trace(backend, hasher, 0));
                  };
            };
        try {
          work.run();
        } catch (DeviceMemoryException e) {
          if (!retrying) {
            throw e;
          }
          work.run();
        }
      }
    }
    return products;
  }

  @Test
  void deviceMemoryThatEndsAtEachAllocationInTurn() {
    Claims claims = Claims.random(new Random(10), 40, 40, 60);
    try (CudaBackend backend = open()) {
      assertThat(backend.name()).isEqualTo("cuda");
    }
    long opening = emulator.count("allocation");
    emulator.reset();
    List<int[]> want = products(claims, false);
    long allocations = emulator.count("allocation");
    assertThat(allocations - opening).isGreaterThan(15);
    for (long nth = opening + 1; nth <= allocations; nth++) {
      emulator.reset();
      emulator.fail("allocation", nth, OUT_OF_MEMORY);
      List<int[]> got = products(claims, true);
      // A step of two products begins again with its first.
      assertThat(got.getFirst()).as("allocation %d", nth).isEqualTo(want.getFirst());
      assertThat(got.getLast()).as("allocation %d", nth).isEqualTo(want.getLast());
      CudaFixture.assertNothingLeft(emulator);
    }
  }

  @Test
  void eachCallFailsInTurn() {
    Claims claims = Claims.random(new Random(11), 10, 10, 12);
    emulator.reset();
    List<int[]> want = products(claims, false);
    long calls = emulator.count("call");
    int errors = 0;
    for (int code : new int[] {INVALID_VALUE, LAUNCH_FAILED}) {
      // Every call at the begin, then ever fewer.
      for (long nth = 1; nth <= calls; nth += 1 + nth / 32) {
        emulator.reset();
        emulator.fail("call", nth, code);
        try {
          assertThat(products(claims, false))
              .as("call %d of %d returns %d", nth, calls, code)
              .usingRecursiveComparison()
              .isEqualTo(want);
        } catch (CudaException | DeviceLostException | CannotOpenException e) {
          assertThat(e.getMessage()).isNotBlank();
          errors++;
        }
        emulator.reset();
        CudaFixture.assertNothingLeft(emulator);
      }
    }
    assertThat(errors).isGreaterThan(50);
  }
}
