// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.air.Air;
import dev.memtrace.air.AirBuilder;
import dev.memtrace.air.AirDeclaration;
import dev.memtrace.air.Expression;
import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.HostTraceMatrix;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryAuxColsFactory;
import dev.memtrace.periphery.MemoryBridge;
import dev.memtrace.periphery.MemoryBridge.Access;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MemoryReadAuxCols;
import dev.memtrace.periphery.MemoryReadOrImmediateAuxCols;
import dev.memtrace.periphery.MemoryWriteAuxCols;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Chips that others write take the place of the log entries that they prove. */
class ChipTest {
  private static final int P = 2013265921;
  private static final long SEED = Long.getLong("memtrace.check.seed", 23);
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults().withPointerMaxBits(14).withRangeMaxBits(8).withClkMaxBits(14);
  private static final int SPACE = 2;

  /** Copies a block: reads n cells, writes them elsewhere one tick later. */
  private static final class BlockCopy implements Air {
    private static final int ENABLED = 0;
    private static final int TIMESTAMP = 1;
    private static final int FROM = 2;
    private static final int TO = 3;
    private static final int DATA = 4;

    private final int n;
    private final MemoryBridge bridge;

    BlockCopy(int n, MemoryBridge bridge) {
      this.n = n;
      this.bridge = bridge;
    }

    int readAux() {
      return DATA + n;
    }

    int writeAux() {
      return readAux() + MemoryReadAuxCols.WIDTH;
    }

    @Override
    public String name() {
      return "BlockCopy<" + n + ">";
    }

    @Override
    public List<String> columns() {
      List<String> names = new ArrayList<>(List.of("enabled", "timestamp", "from", "to"));
      many(names, "data", n);
      names.add("read.prev_timestamp");
      many(names, "read.lt", 2);
      names.add("write.prev_timestamp");
      many(names, "write.lt", 2);
      many(names, "write.prev_data", n);
      return names;
    }

    private static void many(List<String> names, String name, int count) {
      for (int i = 0; i < count; i++) {
        names.add(name + "[" + i + "]");
      }
    }

    @Override
    public void declare(MemoryConfig config, AirBuilder row) {
      Expression enabled = row.column(ENABLED);
      Expression time = row.column(TIMESTAMP);
      Expression space = row.constant(SPACE);
      List<Expression> data = row.columns(DATA, n);
      row.assertBoolean("enabled is boolean", enabled);
      bridge.read(row, new Access("read", enabled, space, row.column(FROM), data, time), readAux());
      bridge.write(
          row, new Access("write", enabled, space, row.column(TO), data, time.plus(1)), writeAux());
    }

    /** Makes a copy on the controller; returns the record ids of its read and its write. */
    long[] execute(MemoryController memory, int from, int to) {
      int[] block = new int[n];
      long read = memory.read(SPACE, from, n, block, 0);
      return new long[] {read, memory.write(SPACE, to, n, block, 0, new int[n], 0)};
    }

    void fill(
        MemoryController memory, MemoryAuxColsFactory factory, long[] ids, int[] cells, int at) {
      var read = memory.offlineMemory().record(ids[0]);
      var write = memory.offlineMemory().record(ids[1]);
      MemoryReadAuxCols readAux = new MemoryReadAuxCols();
      MemoryWriteAuxCols writeAux = new MemoryWriteAuxCols(n);
      factory.generateReadAux(read, readAux);
      factory.generateWriteAux(write, writeAux);
      cells[at + ENABLED] = 1;
      cells[at + TIMESTAMP] = read.timestamp();
      cells[at + FROM] = read.pointer();
      cells[at + TO] = write.pointer();
      System.arraycopy(read.data(), 0, cells, at + DATA, n);
      readAux.copyTo(cells, at + readAux());
      writeAux.copyTo(cells, at + writeAux());
    }
  }

  /** A segment in which a program writes and a chip copies, and all that a check needs. */
  private static final class Segment implements AutoCloseable {
    private final TraceBackend backend = new CpuBackend(new BackendOptions(1));
    private final VariableRangeChecker ranges =
        new VariableRangeChecker(new RangeCheckerBus(2, CONFIG.rangeMaxBits()));
    private final Poseidon2Periphery hasher = new Poseidon2Periphery();
    private final MemoryController memory;
    private final boolean persistent;
    private final BlockCopy chip;
    private final List<AirProofInput> traces;
    private final List<TraceMatrix> poseidon2 = new ArrayList<>();
    private final int[] cells;
    private final long[] ids;
    private final int used;

    Segment(boolean persistent, int n, int copies, long seed) {
      this.persistent = persistent;
      memory =
          persistent
              ? MemoryController.withPersistentMemory(
                  new MemoryBus(0),
                  CONFIG,
                  ranges,
                  new MerkleBus(1),
                  new CompressionBus(3),
                  backend)
              : MemoryController.withVolatileMemory(new MemoryBus(0), CONFIG, ranges, backend);
      chip = new BlockCopy(n, memory.memoryBridge());
      Random random = new Random(seed);
      List<long[]> made = new ArrayList<>();
      for (int i = 0; i < copies; i++) {
        memory.writeCell(SPACE, random.nextInt(64), random.nextInt(P));
        memory.readCell(0, random.nextInt(P));
        memory.incrementTimestampBy(random.nextInt(3));
        made.add(chip.execute(memory, random.nextInt(60), random.nextInt(60)));
      }
      memory.finalizeMemory(persistent ? hasher : null);
      traces = new ArrayList<>(memory.generateAirProofInputs());
      used = copies;
      cells = new int[Math.max(1, Integer.highestOneBit(copies - 1) << 1) * chip.width()];
      ids = made.stream().flatMapToLong(Arrays::stream).toArray();
      for (int i = 0; i < copies; i++) {
        chip.fill(memory, memory.auxColsFactory(), made.get(i), cells, i * chip.width());
      }
      for (int registers = 0; persistent && registers < 2; registers++) {
        poseidon2.add(backend.poseidon2Trace(hasher, registers));
      }
    }

    CheckReport check() {
      return check(ids);
    }

    CheckReport check(long... proved) {
      TraceChecker checker =
          memory
              .checker()
              .airs(traces)
              .rangeCountsWithAux(ranges.counts())
              .maxFailures(200)
              .with(chip, HostTraceMatrix.copyOf(cells, chip.width()), proved);
      if (persistent) {
        checker.poseidon2(0, poseidon2.get(0)).poseidon2(1, poseidon2.get(1));
        checker.poseidon2Inputs(hasher);
      }
      return checker.check();
    }

    /** Checks volatile memory with an AIR of public values in place of the chip's. */
    CheckReport checkOf(Air air, int... publicValues) {
      return memory
          .checker()
          .airs(traces)
          .rangeCountsWithAux(ranges.counts())
          .with(air, HostTraceMatrix.copyOf(cells, chip.width()), publicValues, ids)
          .check();
    }

    @Override
    public void close() {
      traces.forEach(AirProofInput::close);
      poseidon2.forEach(TraceMatrix::close);
      memory.close();
      hasher.close();
      backend.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"false, 4, 1", "false, 8, 5", "true, 4, 40", "true, 8, 33", "false, 4, 700"})
  void itsAccessesBalanceAgainstMemory(boolean persistent, int n, int copies) {
    try (Segment segment = new Segment(persistent, n, copies, SEED)) {
      CheckReport report = segment.check();
      assertThat(report.failures()).as("seed %d", SEED).isEmpty();
      assertThat(report.checked())
          .contains("bus range, accesses included: 512 rows of the table")
          .anyMatch(line -> line.startsWith("BlockCopy<" + n + ">: "));
    }
  }

  @ParameterizedTest
  @CsvSource({"false, 4", "true, 8"})
  void aChangedCellIsFoundAndNamed(boolean persistent, int n) {
    try (Segment segment = new Segment(persistent, n, 5, SEED)) {
      int width = segment.chip.width();
      List<String> columns = segment.chip.columns();
      for (int at = 0; at < segment.cells.length; at++) {
        int row = at / width;
        String column = columns.get(at % width);
        int old = segment.cells[at];
        segment.cells[at] = row < segment.used ? (old + 1) % P : 5;
        CheckReport report = segment.check();
        segment.cells[at] = old;
        boolean free = row >= segment.used && at % width != BlockCopy.ENABLED;
        assertThat(report.accepted()).as("row %d %s", row, column).isEqualTo(free);
        assertThat(free || names(report, segment.chip.name(), row, column))
            .as("row %d %s in %s", row, column, report.failures())
            .isTrue();
      }
      assertThat(segment.check().accepted()).isTrue();
    }
  }

  private static boolean names(CheckReport report, String place, int row, String column) {
    return report.failures().stream()
        .anyMatch(
            failure ->
                (failure.place().equals(place)
                        && failure.row() == row
                        && failure.cells().stream().anyMatch(c -> c.column().equals(column)))
                    || (failure.message() != null
                        && failure.message().sources().stream()
                            .anyMatch(s -> s.place().equals(place) && s.row() == row)));
  }

  @Test
  void aDroppedRowIsFound() {
    try (Segment segment = new Segment(false, 4, 3, SEED)) {
      Arrays.fill(segment.cells, 0, segment.chip.width(), 0);
      assertThat(segment.check().failures())
          .anyMatch(failure -> failure.place().equals("bus memory"))
          .anyMatch(failure -> failure.place().equals("bus range, accesses included"));
    }
  }

  @Test
  void anEntryThatTheChipDoesNotOwnIsSentTwice() {
    try (Segment segment = new Segment(false, 4, 3, SEED)) {
      long[] without = Arrays.copyOf(segment.ids, segment.ids.length - 1);
      assertThat(segment.check(without).failures())
          .anyMatch(
              failure ->
                  failure.message() != null
                      && failure.message().sources().stream()
                          .map(CheckFailure.Source::place)
                          .toList()
                          .containsAll(List.of("BlockCopy<4>", "log")));
    }
  }

  /** A trace whose cells can only be copied. */
  private record OnDevice(TraceMatrix cells) implements TraceMatrix {
    @Override
    public long height() {
      return cells.height();
    }

    @Override
    public int width() {
      return cells.width();
    }

    @Override
    public Location location() {
      return Location.DEVICE;
    }

    @Override
    public TraceOrder order() {
      return TraceOrder.COLUMN_MAJOR;
    }

    @Override
    public FieldEncoding encoding() {
      return FieldEncoding.MONTGOMERY;
    }

    @Override
    public long address() {
      throw new UnsupportedOperationException("on a device");
    }

    @Override
    public MemorySegment segment() {
      throw new IllegalStateException("on a device");
    }

    @Override
    public void copyTo(MemorySegment target, TraceOrder order, FieldEncoding encoding) {
      cells.copyTo(target, order, encoding);
    }

    @Override
    public int get(long row, int column) {
      throw new UnsupportedOperationException("slow");
    }

    @Override
    public void close() {
      cells.close();
    }
  }

  @Test
  void tracesOnADeviceAreCheckedToo() {
    try (Segment segment = new Segment(false, 4, 5, SEED)) {
      segment.traces.replaceAll(
          input ->
              new AirProofInput(
                  input.air(),
                  new OnDevice(input.trace()),
                  input.publicValues(),
                  input.usedRows(),
                  input.logOrderRows()));
      assertThat(segment.check().failures()).isEmpty();
      segment.cells[BlockCopy.DATA]++;
      assertThat(segment.check().accepted()).isFalse();
    }
  }

  @Test
  void aControllerBeginsACheckOnceItIsFinalized() {
    VariableRangeChecker ranges = new VariableRangeChecker(new RangeCheckerBus(2, 8));
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1));
        MemoryController memory =
            MemoryController.withVolatileMemory(new MemoryBus(0), CONFIG, ranges, backend);
        MemoryController byHand =
            MemoryController.withVolatileMemory(new MemoryBus(0), CONFIG, ranges, backend)) {
      assertThatThrownBy(memory::checker)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("checker");
      byHand.replayAccess(new MemoryLogEntry.Read(1, 0, 4));
      byHand.finalizeMemory(null);
      assertThatThrownBy(byHand::checker)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("give log and records to a TraceChecker");
    }
  }

  @Test
  void anEntryIsOwnedOnceAndMustExist() {
    try (Segment segment = new Segment(false, 4, 3, SEED)) {
      assertThatThrownBy(() -> segment.check(3, 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("record 3 is proved by two");
      assertThatThrownBy(() -> segment.check(1_000_000))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("a chip proves record 1000000; the log has");
    }
  }

  /** A row that enables twice what it may sends a message that other rows could receive. */
  private record Unconstrained(BlockCopy chip) implements Air {
    @Override
    public String name() {
      return chip.name();
    }

    @Override
    public List<String> columns() {
      return chip.columns();
    }

    @Override
    public void declare(MemoryConfig config, AirBuilder row) {
      Expression enabled = row.column(BlockCopy.ENABLED);
      chip.bridge.read(
          row,
          new Access(
              "read",
              enabled,
              row.constant(SPACE),
              row.column(BlockCopy.FROM),
              row.columns(BlockCopy.DATA, chip.n),
              row.column(BlockCopy.TIMESTAMP)),
          chip.readAux());
    }
  }

  @Test
  void aMultiplicityBeyondOneIsFoundWhereTheChipForgotTheConstraint() {
    try (Segment segment = new Segment(false, 4, 1, SEED)) {
      segment.cells[BlockCopy.ENABLED] = 2;
      CheckReport report =
          segment
              .memory
              .checker()
              .airs(segment.traces)
              .with(
                  new Unconstrained(segment.chip),
                  HostTraceMatrix.copyOf(segment.cells, segment.chip.width()),
                  segment.ids[0])
              .check();
      assertThat(report.failures())
          .anyMatch(
              failure ->
                  failure
                      .toString()
                      .equals(
                          "BlockCopy<4> row 0: multiplicity of read: before: is -2; it must be -1, 0 or 1 (enabled = 2)"));
    }
  }

  /** A copy whose first row begins at a pointer that everybody knows. */
  private record Anchored(BlockCopy chip) implements Air {
    @Override
    public String name() {
      return "Anchored";
    }

    @Override
    public List<String> columns() {
      return chip.columns();
    }

    @Override
    public int publicValues() {
      return 1;
    }

    @Override
    public void declare(MemoryConfig config, AirBuilder row) {
      chip.declare(config, row);
      row.assertZero(
          "begins at the public pointer",
          row.isFirst().times(row.column(BlockCopy.FROM).minus(row.publicValue(0))));
    }
  }

  @Test
  void publicValuesOfAChipAreThoseOfItsConstraints() {
    try (Segment segment = new Segment(false, 4, 3, SEED)) {
      Air air = new Anchored(segment.chip);
      int from = segment.cells[BlockCopy.FROM];
      assertThat(segment.checkOf(air, from).failures()).isEmpty();
      assertThat(segment.checkOf(air, from + 1).failures())
          .singleElement()
          .asString()
          .startsWith("Anchored row 0: begins at the public pointer: is -1, not 0");
      assertThatThrownBy(() -> segment.checkOf(air))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("Anchored has 1 public values, 0 were given");
      assertThatThrownBy(() -> segment.checkOf(air, P))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("public value 2013265921 of Anchored is not below p = 2013265921");
    }
  }

  /** Reads one cell, or an immediate. */
  private record Load(MemoryBridge bridge) implements Air {
    @Override
    public String name() {
      return "Load";
    }

    @Override
    public List<String> columns() {
      return List.of(
          "enabled", "space", "pointer", "data", "time", "prev", "lt0", "lt1", "imm", "inv");
    }

    @Override
    public void declare(MemoryConfig config, AirBuilder row) {
      row.assertBoolean("enabled is boolean", row.column(0));
      bridge.readOrImmediate(
          row,
          new Access(
              "load",
              row.column(0),
              row.column(1),
              row.column(2),
              row.columns(3, 1),
              row.column(4)),
          5);
    }
  }

  @Test
  void aReadThatMayBeAnImmediate() {
    VariableRangeChecker ranges = new VariableRangeChecker(new RangeCheckerBus(2, 8));
    try (TraceBackend backend = new CpuBackend(new BackendOptions(1));
        MemoryController memory =
            MemoryController.withVolatileMemory(new MemoryBus(0), CONFIG, ranges, backend)) {
      memory.writeCell(1, 9, 77);
      memory.readCell(1, 9);
      memory.readCell(0, 123456);
      memory.finalizeMemory(null);
      List<AirProofInput> traces = memory.generateAirProofInputs();
      Load chip = new Load(memory.memoryBridge());
      int[] cells = new int[2 * chip.width()];
      for (int row = 0; row < 2; row++) {
        var record = memory.offlineMemory().record(1 + row);
        int at = row * chip.width();
        cells[at] = 1;
        cells[at + 1] = record.addressSpace();
        cells[at + 2] = record.pointer();
        cells[at + 3] = record.data()[0];
        cells[at + 4] = record.timestamp();
        MemoryReadOrImmediateAuxCols aux = new MemoryReadOrImmediateAuxCols();
        memory.auxColsFactory().generateReadOrImmediateAux(record, aux);
        aux.copyTo(cells, at + 5);
      }
      int[] counts = ranges.counts();
      for (int flip = -1; flip < cells.length; flip++) {
        int old = flip < 0 ? 0 : cells[flip];
        if (flip >= 0) {
          cells[flip] = (old + 2) % P;
        }
        CheckReport report =
            memory
                .checker()
                .airs(traces)
                .rangeCountsWithAux(counts)
                .with(chip, HostTraceMatrix.copyOf(cells, chip.width()), 1, 2)
                .check();
        if (flip >= 0) {
          cells[flip] = old;
        }
        // is_zero_aux of an immediate is free.
        assertThat(report.accepted())
            .as("flip %d: %s", flip, report.failures())
            .isEqualTo(flip < 0 || flip == 19);
      }
      traces.forEach(AirProofInput::close);
      assertThat(AirDeclaration.of(chip, CONFIG).degree()).isEqualTo(3);
    }
  }

  @Test
  void anImmediateIsOneCell() {
    MemoryBridge bridge = new MemoryBridge(new MemoryBus(0), 29, new RangeCheckerBus(1, 17));
    Air wide =
        new Air() {
          @Override
          public String name() {
            return "Wide";
          }

          @Override
          public List<String> columns() {
            return new Load(bridge).columns();
          }

          @Override
          public void declare(MemoryConfig config, AirBuilder row) {
            Expression x = row.column(0);
            bridge.readOrImmediate(row, new Access("load", x, x, x, List.of(x, x), x), 5);
          }
        };
    assertThatThrownBy(() -> AirDeclaration.of(wide, CONFIG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("an immediate is one cell, not 2; use read");
  }
}
