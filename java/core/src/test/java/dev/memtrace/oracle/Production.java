// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.MemoryTraceHeights;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.backend.WordStream;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs a case through the public API and collects every product. */
final class Production {
  /** How the log reaches the controller. */
  enum Feed {
    /** Access after access, as a program does. */
    ONLINE,
    /** As a log that was recorded elsewhere. */
    LOG,
    /** By replayAccess, entry after entry. */
    MANUAL,
    /** Access after access, on a state that another segment has left. */
    CHAINED
  }

  /** When the state after a segment is taken. */
  enum Handover {
    NEVER,
    /** Before all products. */
    FIRST,
    /** After all products. */
    LAST
  }

  private Production() {}

  /** A backend whose pool begins with rubbish, as that of a long-lived process would. */
  static TraceBackend backend(int threads) {
    BufferPool pool = new BufferPool(1L << 28);
    List<MemorySegment> buffers = new ArrayList<>();
    for (long power = 4096; power <= 2 << 20; power *= 2) {
      for (long quarters = 4; quarters < 8; quarters++) { // every size class of the pool
        buffers.add(pool.acquire(power / 4 * quarters).fill((byte) 0x5A));
        buffers.add(pool.acquire(power / 4 * quarters).fill((byte) 0x5A));
      }
    }
    buffers.forEach(pool::release);
    return new CpuBackend(new BackendOptions(threads), pool);
  }

  static MemoryController controller(
      LogCase segment, VariableRangeChecker rangeChecker, TraceBackend backend) {
    return segment.persistent()
        ? MemoryController.withPersistentMemory(
            new MemoryBus(1),
            segment.config(),
            rangeChecker,
            new MerkleBus(3),
            new CompressionBus(4),
            backend)
        : MemoryController.withVolatileMemory(
            new MemoryBus(1), segment.config(), rangeChecker, backend);
  }

  static Products run(LogCase segment, TraceBackend backend, Feed feed) {
    return run(segment, backend, feed, null, Handover.NEVER, _ -> {});
  }

  /**
   * Runs a segment of a chain.
   *
   * @param state the state to begin with, which is used; null to begin with the cells of the case
   * @param handover when the state after the segment is taken
   * @param next takes the state after the segment
   */
  static Products run(
      LogCase segment,
      TraceBackend backend,
      Feed feed,
      @Nullable MemoryState state,
      Handover handover,
      Consumer<MemoryState> next) {
    VariableRangeChecker rangeChecker =
        new VariableRangeChecker(new RangeCheckerBus(2, segment.config().rangeMaxBits()));
    try (MemoryController controller = controller(segment, rangeChecker, backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      if (state != null) {
        controller.setInitialMemory(state);
      } else if (segment.persistent() && feed == Feed.CHAINED) {
        controller.setInitialMemory(stateOf(segment, backend));
      } else if (segment.persistent()) {
        controller.setInitialMemory(segment.initialImage());
      }
      long endTimestamp = feed(controller, segment, feed);
      if (!segment.minimumHeights().isEmpty()) {
        controller.setOverrideTraceHeights(
            MemoryTraceHeights.of(segment.mode(), segment.minimumHeights()));
      }
      controller.finalizeMemory(segment.persistent() ? hasher : null);
      if (handover == Handover.FIRST) {
        next.accept(controller.finalState());
      }
      int[] records = words(controller.records());
      List<Products.Trace> airs = traces(controller.generateAirProofInputs());
      SortedMap<Integer, Integer> alone = counts(rangeChecker);
      int[] aux = words(controller.generateAuxColumns());
      List<Products.Trace> poseidon2 = new ArrayList<>();
      for (int registers = 0; segment.persistent() && registers < 2; registers++) {
        String name = "Poseidon2 with " + registers + " registers";
        try (TraceMatrix matrix = backend.poseidon2Trace(hasher, registers)) {
          int[] cells = cells(matrix);
          poseidon2.add(
              new Products.Trace(name, matrix.width(), cells, hasher.size(), 0, new int[0]));
        }
      }
      Products products =
          new Products(
              airs,
              records,
              aux,
              alone,
              counts(rangeChecker),
              inputs(hasher),
              poseidon2,
              memory(controller.finalMemory()),
              endTimestamp);
      controller.countAuxColumns();
      assertThat(counts(rangeChecker))
          .isEqualTo(withAuxTwice(alone, products.rangeCountsWithAux()));
      if (handover == Handover.LAST) {
        next.accept(controller.finalState());
      }
      return products;
    }
  }

  /** The counts once the range checks of the auxiliary columns were added a second time. */
  private static SortedMap<Integer, Integer> withAuxTwice(
      SortedMap<Integer, Integer> alone, SortedMap<Integer, Integer> withAux) {
    SortedMap<Integer, Integer> twice = new TreeMap<>(withAux);
    withAux.forEach(
        (row, count) -> twice.merge(row, count - alone.getOrDefault(row, 0), Integer::sum));
    return twice;
  }

  /** The initial memory of a segment, made by another one that writes some of its cells. */
  private static MemoryState stateOf(LogCase segment, TraceBackend backend) {
    VariableRangeChecker rangeChecker =
        new VariableRangeChecker(new RangeCheckerBus(2, segment.config().rangeMaxBits()));
    try (MemoryController before = controller(segment, rangeChecker, backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(backend.pool())) {
      AddressMap image = segment.initialImage();
      List<MemoryLogEntry> writes = new ArrayList<>();
      long mostWrites = Math.min(20, segment.config().timestampLimit() - 2);
      for (MemoryLogEntry entry : segment.log()) {
        if (entry instanceof MemoryLogEntry.Read(int space, int pointer, int n)
            && space != 0
            && writes.size() < mostWrites) {
          // The state gets the cell that the image has, and the image another one.
          writes.add(
              new MemoryLogEntry.Write(space, pointer, new int[] {image.get(space, pointer)}));
        }
      }
      for (MemoryLogEntry write : writes) {
        if (write instanceof MemoryLogEntry.Write(int space, int pointer, int[] _)) {
          image.set(space, pointer, image.get(space, pointer) == 0 ? 5 : 0);
        }
      }
      before.setInitialMemory(image);
      writes.forEach(write -> online(before, write));
      before.finalizeMemory(hasher);
      return before.finalState();
    }
  }

  private static long feed(MemoryController controller, LogCase segment, Feed feed) {
    return switch (feed) {
      case ONLINE, CHAINED -> {
        for (MemoryLogEntry entry : segment.log()) {
          online(controller, entry);
        }
        checkMemoryImage(controller, segment);
        yield controller.timestamp();
      }
      case LOG -> {
        AccessLog log = new AccessLog(segment.config());
        segment.log().forEach(log::append);
        long end = log.endTimestamp();
        controller.setMemoryLogs(log);
        yield end;
      }
      case MANUAL -> {
        long end = 1;
        for (MemoryLogEntry entry : segment.log()) {
          controller.replayAccess(entry);
          end += entry instanceof MemoryLogEntry.IncrementTimestampBy(int amount) ? amount : 1;
        }
        yield end;
      }
    };
  }

  private static void checkMemoryImage(MemoryController controller, LogCase segment) {
    SortedMap<Long, Integer> memory = memory(controller.memoryImage());
    SortedMap<Long, Integer> want = segment.finalCells();
    if (!memory.equals(want)) {
      throw new AssertionError("memory image is " + memory + ", not " + want);
    }
  }

  /** Makes one access; single cells now by the short, now by the long form. */
  private static void online(MemoryController controller, MemoryLogEntry entry) {
    long id = controller.memoryLogs().size();
    long returned =
        switch (entry) {
          case MemoryLogEntry.IncrementTimestampBy(int amount) -> {
            if (amount == 1) {
              controller.incrementTimestamp();
            } else {
              controller.incrementTimestampBy(amount);
            }
            yield id;
          }
          case MemoryLogEntry.Read(int space, int pointer, int n) -> {
            if (n == 1 && id % 2 == 0) {
              int want = space == 0 ? pointer : controller.unsafeReadCell(space, pointer);
              expect(want, controller.readCell(space, pointer));
              yield controller.lastRecordId();
            }
            int[] out = new int[n + 3];
            long made = controller.read(space, pointer, n, out, 2);
            expect(0, out[0] + out[1] + out[n + 2]);
            for (int i = 0; i < n; i++) {
              expect(
                  space == 0 ? pointer : controller.unsafeReadCell(space, pointer + i), out[2 + i]);
            }
            yield made;
          }
          case MemoryLogEntry.Write(int space, int pointer, int[] data) -> {
            int n = data.length;
            int[] before = new int[n];
            controller.unsafeRead(space, pointer, n, before, 0);
            if (n == 1 && id % 2 == 0) {
              expect(before[0], controller.writeCell(space, pointer, data[0]));
              yield controller.lastRecordId();
            }
            int[] in = new int[n + 2];
            System.arraycopy(data, 0, in, 1, n);
            int[] previous = new int[n + 2];
            long made = controller.write(space, pointer, n, in, 1, previous, 2);
            for (int i = 0; i < n; i++) {
              expect(before[i], previous[2 + i]);
            }
            expect(0, previous[0] + previous[1]);
            yield made;
          }
        };
    if (returned != id || controller.memoryLogs().size() != id + 1) {
      throw new AssertionError("entry " + id + " got record id " + returned);
    }
  }

  private static void expect(int want, int got) {
    if (want != got) {
      throw new AssertionError("online access: want " + want + ", got " + got);
    }
  }

  static int[] words(WordStream stream) {
    try (stream) {
      int[] all = new int[Math.toIntExact(stream.words())];
      int[] at = new int[1];
      stream.forEachChunk(
          chunk -> {
            int[] part = chunk.toArray(ValueLayout.JAVA_INT_UNALIGNED);
            System.arraycopy(part, 0, all, at[0], part.length);
            at[0] += part.length;
          });
      if (at[0] != all.length) {
        throw new AssertionError("stream of " + all.length + " words gave " + at[0]);
      }
      return all;
    }
  }

  static int[] cells(TraceMatrix matrix) {
    int[] cells = new int[Math.toIntExact(matrix.height() * matrix.width())];
    matrix.copyTo(MemorySegment.ofArray(cells), TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
    return cells;
  }

  /** Copies all traces and closes them, whatever fails. */
  private static List<Products.Trace> traces(List<AirProofInput> inputs) {
    List<Products.Trace> traces = new ArrayList<>();
    try {
      for (AirProofInput input : inputs) {
        traces.add(
            new Products.Trace(
                input.air().name(),
                input.trace().width(),
                cells(input.trace()),
                input.usedRows(),
                input.logOrderRows(),
                input.publicValues()));
      }
      return traces;
    } finally {
      AirProofInput.closeAll(inputs);
    }
  }

  static SortedMap<Integer, Integer> counts(VariableRangeChecker rangeChecker) {
    TreeMap<Integer, Integer> counts = new TreeMap<>();
    int rows = 2 << rangeChecker.rangeMaxBits();
    int[] all = rows <= 1 << 20 ? rangeChecker.counts() : new int[0];
    for (int row = 0; row < rows; row++) {
      int count = all.length > 0 ? all[row] : rangeChecker.count(row);
      if (count != 0) {
        counts.put(row, count);
      }
    }
    return counts;
  }

  static int[] inputs(Poseidon2Periphery hasher) {
    int[] words =
        Arrays.copyOf(
            hasher.inputs().toArray(ValueLayout.JAVA_INT_UNALIGNED),
            hasher.size() * Poseidon2Periphery.ROW_WORDS);
    return words;
  }

  static SortedMap<Long, Integer> memory(MemoryImage image) {
    TreeMap<Long, Integer> cells = new TreeMap<>();
    long[] last = {-1};
    image.forEachNonZero(
        (space, pointer, value) -> {
          long key = Cells.key(space, pointer);
          if (key <= last[0]) {
            throw new AssertionError("cells out of order at (" + space + ", " + pointer + ")");
          }
          last[0] = key;
          cells.put(key, value);
        });
    return cells;
  }
}
