// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessRejectedException;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.oracle.BackendOracle;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The input chooses a configuration, an initial memory and a sequence of calls, legal ones and
 * illegal ones. A model with a map of cells and a clock says which calls are legal and what each
 * returns; the traces are those of the slow oracle.
 */
final class ControllerTarget implements Target {
  private static final int P = 2013265921;
  private static final int MOST_CALLS = 120;
  private static final int MOST_CELLS = 64;

  private static final int PERSISTENT = 1;
  private static final int ALL_PRODUCTS = 2;

  private final List<TraceBackend> backends;

  /** Judges the CPU backend with one thread and with two. */
  ControllerTarget() {
    this(List.of(cpu(1), cpu(2)));
  }

  /** Judges the given backends, which live as long as the process. */
  ControllerTarget(List<TraceBackend> backends) {
    this.backends = backends;
  }

  /** Judges the CUDA backend, on the device that its settings name. */
  static ControllerTarget ofKernels() throws IOException {
    try {
      return new ControllerTarget(List.of(TraceBackends.create("cuda", new BackendOptions(1))));
    } catch (BackendUnavailableException e) {
      throw new IOException("the CUDA backend does not work here", e);
    }
  }

  private static TraceBackend cpu(int threads) {
    return new CpuBackend(new BackendOptions(threads), Segments.pool());
  }

  @Override
  public void run(byte[] input) {
    Choices choices = new Choices(input);
    int how = choices.next();
    MemoryMode mode = (how & PERSISTENT) != 0 ? MemoryMode.PERSISTENT : MemoryMode.VOLATILE;
    MemoryConfig config =
        new MemoryConfig(
            choices.below(6),
            choices.below(32) == 31 ? 2 : 1,
            choices.below(17),
            choices.below(20),
            choices.below(12),
            1 << choices.below(7),
            choices.next());
    try {
      config.validate(mode);
    } catch (IllegalArgumentException e) {
      Contract.refused(e, IllegalArgumentException.class);
      return;
    }
    Calls calls = new Calls(choices, mode, config);
    calls.run(backends.getFirst());
    if ((how & ALL_PRODUCTS) != 0) {
      BackendOracle.check("fuzz", mode, config, calls.initial, calls.log, backends);
    }
  }

  /** Calls of one controller, and the model of what they do. */
  private static final class Calls {
    private final Choices choices;
    private final MemoryMode mode;
    private final MemoryConfig config;
    private final SortedMap<Long, Integer> initial = new TreeMap<>();
    private final SortedMap<Long, Integer> cells = new TreeMap<>();
    private final List<MemoryLogEntry> log = new ArrayList<>();
    private long clock = 1;
    private int lastPointer;

    Calls(Choices choices, MemoryMode mode, MemoryConfig config) {
      this.choices = choices;
      this.mode = mode;
      this.config = config;
    }

    void run(TraceBackend backend) {
      VariableRangeChecker counts =
          new VariableRangeChecker(new RangeCheckerBus(4, config.rangeMaxBits()));
      try (MemoryController memory = Segments.controller(mode, config, counts, backend);
          Poseidon2Periphery hasher = new Poseidon2Periphery(Segments.pool())) {
        begin(memory);
        for (int i = 0; i < MOST_CALLS && !choices.isEmpty(); i++) {
          call(memory);
          Contract.require(
              memory.timestamp() == clock && memory.memoryLogs().size() == log.size(),
              "the clock is %d and the log has %d entries, not %d and %d"
                  .formatted(memory.timestamp(), memory.memoryLogs().size(), clock, log.size()));
        }
        List<MemoryLogEntry> got = new ArrayList<>();
        memory.memoryLogs().forEach(got::add);
        Contract.require(got.equals(log), "the log is " + got + ", not " + log);
        Segments.check(memory, counts, hasher, backend);
      }
    }

    // ---------------------------------------------------------------- choices

    private int space() {
      int chosen = choices.next();
      return chosen < 250 ? chosen % (config.lastAddressSpace() + 2) : choices.word(4);
    }

    private int pointer() {
      int pointer =
          switch (choices.below(5)) {
            case 0 -> choices.next();
            case 1 -> config.addressSpaceSize() - choices.below(40);
            case 2 -> choices.word(4);
            case 3 -> choices.word(2) % config.addressSpaceSize();
            default -> lastPointer + choices.next() - 128;
          };
      lastPointer = pointer;
      return pointer;
    }

    private int cells() {
      int chosen = choices.next();
      return chosen < 240 ? 1 << chosen % 7 : chosen - 245;
    }

    private int value() {
      int chosen = choices.next();
      return chosen < 200 ? chosen : chosen < 240 ? P - 1 - (chosen - 200) : choices.word(4);
    }

    // ---------------------------------------------------------------- the model

    private boolean isCell(int space, int pointer) {
      return space >= config.asOffset()
          && space <= config.lastAddressSpace()
          && pointer >= 0
          && pointer < config.addressSpaceSize();
    }

    private static boolean isElement(int value) {
      return value >= 0 && value < P;
    }

    private boolean isRange(int space, int pointer, int n) {
      return Integer.bitCount(n) == 1
          && n > 0
          && n <= config.maxAccessAdapterN()
          && isCell(space, pointer)
          && pointer <= config.addressSpaceSize() - n;
    }

    private boolean hasTime(long amount) {
      return clock + amount < config.timestampLimit();
    }

    private static long key(int space, int pointer) {
      return (long) space << 32 | pointer;
    }

    private int[] model(int space, int pointer, int n) {
      int[] values = new int[n];
      for (int i = 0; i < n; i++) {
        values[i] = cells.getOrDefault(key(space, pointer + i), 0);
      }
      return values;
    }

    private void write(int space, int pointer, int[] data) {
      for (int i = 0; i < data.length; i++) {
        cells.put(key(space, pointer + i), data[i]);
      }
      log.add(new MemoryLogEntry.Write(space, pointer, data.clone()));
      clock++;
    }

    private void read(int space, int pointer, int n) {
      log.add(new MemoryLogEntry.Read(space, pointer, n));
      clock++;
    }

    // ---------------------------------------------------------------- calls

    private void begin(MemoryController memory) {
      if (mode == MemoryMode.VOLATILE) {
        return;
      }
      AddressMap image = new AddressMap(config, Segments.pool());
      int count = choices.below(8);
      for (int i = 0; i < count; i++) {
        int space = space();
        int pointer = pointer();
        int value = value();
        boolean legal = isCell(space, pointer) && isElement(value);
        expect(legal, () -> image.set(space, pointer, value), IllegalArgumentException.class);
        if (legal && value != 0) {
          initial.put(key(space, pointer), value);
        } else if (legal) {
          initial.remove(key(space, pointer));
        }
      }
      memory.setInitialMemory(image);
      image.release();
      cells.putAll(initial);
    }

    private void call(MemoryController memory) {
      switch (choices.below(10)) {
        case 0, 1, 2 -> readCells(memory);
        case 3, 4, 5 -> writeCells(memory);
        case 6 -> readCell(memory);
        case 7 -> writeCell(memory);
        case 8 -> increment(memory);
        default -> misuse(memory);
      }
    }

    private void readCells(MemoryController memory) {
      int space = space();
      int pointer = pointer();
      int n = space == 0 && choices.below(4) != 0 ? 1 : cells();
      boolean legal =
          hasTime(1) && (space == 0 ? n == 1 && isElement(pointer) : isRange(space, pointer, n));
      int[] out = new int[MOST_CELLS + 2];
      expect(
          legal,
          () -> {
            long id = memory.read(space, pointer, n, out, 1);
            Contract.require(id == log.size(), "record id " + id);
          },
          AccessRejectedException.class);
      int[] want = new int[MOST_CELLS + 2];
      if (legal) {
        int[] values = space == 0 ? new int[] {pointer} : model(space, pointer, n);
        System.arraycopy(values, 0, want, 1, n);
        read(space, pointer, n);
      }
      Contract.require(Arrays.equals(out, want), "read " + Arrays.toString(out));
    }

    private void writeCells(MemoryController memory) {
      int space = space();
      int pointer = pointer();
      int n = cells();
      int[] in = new int[MOST_CELLS + 1];
      boolean elements = true;
      for (int i = 0; i < n; i++) {
        in[1 + i] = value();
        elements &= isElement(in[1 + i]);
      }
      boolean legal = hasTime(1) && isRange(space, pointer, n) && elements;
      int[] previous = new int[MOST_CELLS + 2];
      expect(
          legal,
          () -> {
            long id = memory.write(space, pointer, n, in, 1, previous, 2);
            Contract.require(id == log.size(), "record id " + id);
          },
          AccessRejectedException.class);
      int[] want = new int[MOST_CELLS + 2];
      if (legal) {
        System.arraycopy(model(space, pointer, n), 0, want, 2, n);
        write(space, pointer, Arrays.copyOfRange(in, 1, 1 + n));
      }
      Contract.require(Arrays.equals(previous, want), "previous " + Arrays.toString(previous));
    }

    private void readCell(MemoryController memory) {
      int space = space();
      int pointer = pointer();
      boolean legal = hasTime(1) && (space == 0 ? isElement(pointer) : isRange(space, pointer, 1));
      expect(
          legal,
          () -> {
            int want = space == 0 ? pointer : model(space, pointer, 1)[0];
            Contract.require(memory.readCell(space, pointer) == want, "another value");
          },
          AccessRejectedException.class);
      if (legal) {
        read(space, pointer, 1);
      }
    }

    private void writeCell(MemoryController memory) {
      int space = space();
      int pointer = pointer();
      int value = value();
      boolean legal = hasTime(1) && isRange(space, pointer, 1) && isElement(value);
      expect(
          legal,
          () ->
              Contract.require(
                  memory.writeCell(space, pointer, value) == model(space, pointer, 1)[0],
                  "another value before"),
          AccessRejectedException.class);
      if (legal) {
        write(space, pointer, new int[] {value});
      }
    }

    private void increment(MemoryController memory) {
      int chosen = choices.next();
      long amount =
          chosen < 200
              ? chosen % 8
              : chosen < 220 ? config.timestampLimit() - clock - chosen % 4 : choices.word(4);
      boolean legal = amount >= 0 && hasTime(amount);
      expect(legal, () -> memory.incrementTimestampBy(amount), AccessRejectedException.class);
      if (legal) {
        log.add(new MemoryLogEntry.IncrementTimestampBy((int) amount));
        clock += amount;
      }
    }

    /**
     * Calls that this state does not allow; the checks after each call see that nothing changed.
     */
    private void misuse(MemoryController memory) {
      switch (choices.below(5)) {
        case 0 -> expect(false, memory::generateAirProofInputs, IllegalStateException.class);
        case 1 -> expect(false, memory::finalMemory, IllegalStateException.class);
        case 2 -> expect(false, memory::finalState, IllegalStateException.class);
        case 3 -> expect(false, memory::syncLog, IllegalStateException.class);
        default -> {
          int space = space();
          int pointer = pointer();
          expect(
              isCell(space, pointer),
              () ->
                  Contract.require(
                      memory.unsafeReadCell(space, pointer) == model(space, pointer, 1)[0],
                      "another value"),
              IllegalArgumentException.class);
        }
      }
    }

    private static void expect(
        boolean legal, Runnable call, Class<? extends RuntimeException> otherwise) {
      try {
        call.run();
      } catch (RuntimeException e) {
        if (legal) {
          throw new AssertionError("a legal call was refused", e);
        }
        Contract.refused(e, otherwise);
        return;
      }
      Contract.require(legal, "an illegal call was taken");
    }
  }

  // ------------------------------------------------------------------ seeds

  /** Calls of every kind, legal and illegal ones. */
  private static final int[] CALLS = {
    0, 1, 0, 8, 2, //
    3, 1, 0, 4, 2, 11, 12, 201, 14, //
    3, 2, 1, 8, 3, 1, 2, 3, 4, 5, 6, 7, 8, //
    0, 1, 4, 127, 1, //
    6, 0, 0, 77, //
    8, 5, //
    7, 1, 3, 9, 0, 3, //
    9, 0, //
    9, 4, 1, 0, 4, //
    0, 9, 2, 255, 255, 255, 255, 246
  };

  /** Accesses of 8, 4 and 1 cells around the end of the first page, some across it. */
  private static final int[] CALLS_ACROSS_PAGES = {
    3, 1, 3, 252, 15, 3, 1, 2, 3, 4, 5, 6, 7, 8, //
    0, 1, 3, 0, 16, 2, //
    0, 1, 3, 254, 15, 2, //
    7, 1, 3, 1, 16, 9, //
    0, 1, 3, 252, 15, 3
  };

  @Override
  public List<byte[]> seeds() {
    return List.of(
        seed(PERSISTENT | ALL_PRODUCTS, 1, 6, 10, 6, 3, CALLS),
        seed(PERSISTENT, 2, 14, 16, 9, 5, CALLS),
        seed(PERSISTENT | ALL_PRODUCTS, 2, 14, 16, 9, 5, Words.repeat(CALLS, 12)),
        seed(ALL_PRODUCTS, 2, 9, 8, 5, 5, CALLS),
        seed(0, 1, 13, 13, 8, 2, Words.repeat(CALLS, 12)),
        seed(PERSISTENT | ALL_PRODUCTS, 2, 14, 16, 9, 5, CALLS_ACROSS_PAGES),
        seed(ALL_PRODUCTS, 2, 14, 16, 9, 5, CALLS_ACROSS_PAGES));
  }

  private static byte[] seed(
      int how,
      int asHeight,
      int pointerBits,
      int clockBits,
      int rangeBits,
      int logAdapter,
      int[] choices) {
    int[] head = {how, asHeight, 0, pointerBits, clockBits, rangeBits, logAdapter, 0};
    int[] initial = {2, 1, 0, 5, 7, 1, 0, 6, 210};
    boolean persistent = (how & PERSISTENT) != 0;
    byte[] seed = new byte[head.length + (persistent ? initial.length : 0) + choices.length];
    int length = 0;
    for (int[] part : List.of(head, persistent ? initial : new int[0], choices)) {
      for (int choice : part) {
        seed[length++] = (byte) choice;
      }
    }
    return seed;
  }

  @Override
  public int maxBytes() {
    return 1024;
  }
}
