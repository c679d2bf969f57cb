// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.backend.WordStream;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.OutOfNativeMemoryException;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Lets native memory run out at each allocation of a run in turn. Whatever fails is tried again,
 * and the run must end with the bytes of an undisturbed one.
 */
class MemoryExhaustionTest {
  private static final int ACCESSES = 1200;

  /** Native memory that ends at one allocation and is there again later. */
  private static final class Memory {
    private int allocations;
    private int failAt = Integer.MAX_VALUE;

    private MemorySegment allocate(long bytes) {
      int number = allocations++;
      // The pool asks twice before it gives up.
      if (number == failAt || number == failAt + 1) {
        throw new OutOfMemoryError("test: allocation " + number + " of " + bytes + " bytes");
      }
      return Arena.ofAuto().allocate(bytes, 64);
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void everyFailureCanBeTriedAgain(MemoryMode mode) {
    for (int threads : new int[] {1, 2, 3}) { // one lane by turns, one side by side, two lanes
      failEverywhere(mode, threads, MemoryExhaustionTest::access);
    }
  }

  @Test
  void everyFailureOfAReplayByHandCanBeTriedAgain() {
    failEverywhere(MemoryMode.PERSISTENT, 1, MemoryExhaustionTest::replayByHand);
  }

  @Test
  void aClosedSessionStaysClosed() {
    try (CpuBackend backend = new CpuBackend(new BackendOptions(1), new BufferPool(0))) {
      TraceSession session =
          backend.open(MemoryMode.VOLATILE, new AddressMap(MemoryConfig.defaults()));
      session.close();
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> session.finalizeMemory(null))
            .isInstanceOf(IllegalStateException.class);
      }
    }
  }

  /** As a session does on a device that fails. */
  private static final class CannotCloseException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Delegates all calls; sessions throw after they have closed, if they are to. */
  private static <T> T closingFails(Class<T> type, T real, AtomicBoolean failing) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              Object result;
              try {
                result = method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (real instanceof TraceSession
                  && method.getName().equals("close")
                  && failing.get()) {
                throw new CannotCloseException();
              }
              return result instanceof TraceSession session
                  ? closingFails(TraceSession.class, session, failing)
                  : result;
            }));
  }

  @Test
  void aSessionThatCannotBeClosedKeepsNothing() {
    BufferPool pool = new BufferPool(0);
    AtomicBoolean failing = new AtomicBoolean(true);
    try (CpuBackend cpu = new CpuBackend(new BackendOptions(1), pool)) {
      MemoryController controller =
          MemoryController.withVolatileMemory(
              new MemoryBus(0),
              MemoryConfig.defaults(),
              new VariableRangeChecker(new RangeCheckerBus(1, 17)),
              closingFails(TraceBackend.class, cpu, failing));
      controller.writeCell(1, 7, 8);
      assertThatThrownBy(controller::takeMemoryLogs).isInstanceOf(CannotCloseException.class);
      failing.set(false);
      controller.finalizeMemory(null);
      failing.set(true);
      assertThat(controller.finalMemory().get(1, 7)).isEqualTo(8);
      assertThatThrownBy(controller::close).isInstanceOf(CannotCloseException.class);
    }
    assertThat(pool.lentBytes()).isZero();
  }

  private static void failEverywhere(
      MemoryMode mode, int threads, Consumer<MemoryController> program) {
    Memory memory = new Memory();
    List<int[]> undisturbed = run(mode, threads, memory, program);
    int allocations = memory.allocations;
    assertThat(allocations).isGreaterThan(20);
    for (int failAt = 0; failAt < allocations; failAt++) {
      Memory failing = new Memory();
      failing.failAt = failAt;
      List<int[]> products = run(mode, threads, failing, program);
      assertThat(failing.allocations).isGreaterThan(failAt);
      for (int i = 0; i < undisturbed.size(); i++) {
        assertThat(Arrays.equals(products.get(i), undisturbed.get(i)))
            .as("product %d, allocation %d fails, %d threads", i, failAt, threads)
            .isTrue();
      }
    }
  }

  private static List<int[]> run(
      MemoryMode mode, int threads, Memory memory, Consumer<MemoryController> program) {
    BufferPool pool = new BufferPool(0, memory::allocate);
    List<int[]> products = products(mode, threads, pool, program);
    assertThat(pool.lentBytes()).as("given back, allocation %d fails", memory.failAt).isZero();
    return products;
  }

  private static List<int[]> products(
      MemoryMode mode, int threads, BufferPool pool, Consumer<MemoryController> program) {
    MemoryConfig config = MemoryConfig.defaults().withAccessCapacity(1024);
    VariableRangeChecker rangeChecker = new VariableRangeChecker(new RangeCheckerBus(1, 17));
    List<int[]> products = new ArrayList<>();
    try (CpuBackend backend = new CpuBackend(new BackendOptions(threads), pool);
        Poseidon2Periphery hasher = retry(() -> new Poseidon2Periphery(pool));
        MemoryController controller =
            retry(
                () ->
                    mode == MemoryMode.VOLATILE
                        ? MemoryController.withVolatileMemory(
                            new MemoryBus(0), config, rangeChecker, backend)
                        : MemoryController.withPersistentMemory(
                            new MemoryBus(0),
                            config,
                            rangeChecker,
                            new MerkleBus(2),
                            new CompressionBus(3),
                            backend))) {
      program.accept(controller);
      retry(
          () -> {
            controller.finalizeMemory(hasher);
            return controller;
          });
      products.add(retry(() -> words(controller.records())));
      for (AirProofInput input : retry(controller::generateAirProofInputs)) {
        products.add(input.trace().segment().toArray(ValueLayout.JAVA_INT));
        products.add(input.publicValues());
        input.close();
      }
      products.add(rangeChecker.counts());
      try (WordStream columns = retry(controller::generateAuxColumns)) {
        products.add(words(columns));
      }
      products.add(rangeChecker.counts());
      products.add(hasher.inputs().toArray(ValueLayout.JAVA_INT));
      List<Integer> cells = new ArrayList<>();
      controller
          .memoryImage()
          .forEachNonZero((space, pointer, value) -> cells.addAll(List.of(space, pointer, value)));
      products.add(cells.stream().mapToInt(Integer::intValue).toArray());
      if (mode == MemoryMode.PERSISTENT && threads == 1) {
        products.add(nextSegment(retry(controller::finalState), backend));
      }
    }
    return products;
  }

  /** Begins with a state, touches a little, and returns the roots. */
  private static int[] nextSegment(MemoryState state, CpuBackend backend) {
    try (state;
        Poseidon2Periphery hasher = retry(() -> new Poseidon2Periphery(backend.pool()));
        MemoryController next =
            retry(
                () ->
                    MemoryController.withPersistentMemory(
                        new MemoryBus(0),
                        state.config(),
                        new VariableRangeChecker(new RangeCheckerBus(1, 17)),
                        new MerkleBus(2),
                        new CompressionBus(3),
                        backend))) {
      retry(
          () -> {
            next.setInitialMemory(state);
            return state;
          });
      retry(() -> next.writeCell(1, 4096 * 30, 9));
      retry(
          () -> {
            next.finalizeMemory(hasher);
            return next;
          });
      try (MemoryState last = retry(next::finalState)) {
        int[] roots = Arrays.copyOf(next.initialRoot(), 16);
        System.arraycopy(last.root(), 0, roots, 8, 8);
        assertThat(last.root()).isEqualTo(next.finalRoot());
        return roots;
      }
    }
  }

  private static void access(MemoryController controller) {
    Random random = new Random(5);
    int[] values = new int[32];
    int[] previous = new int[32];
    for (int i = 0; i < ACCESSES; i++) {
      int n = 1 << random.nextInt(6);
      int space = 1 + random.nextInt(3);
      int pointer = 4096 * random.nextInt(20) + random.nextInt(4096);
      boolean write = random.nextBoolean();
      for (int j = 0; j < n; j++) {
        values[j] = random.nextInt(1 << 20);
      }
      int[] written = values.clone();
      retry(
          () ->
              write
                  ? controller.write(space, pointer, n, written, 0, previous, 0)
                  : controller.read(space, pointer, n, previous, 0));
      assertThat(controller.lastRecordId()).isEqualTo(i);
    }
  }

  /** Replays entries by hand, with a finalisation in the middle that fails and forgets them. */
  private static void replayByHand(MemoryController controller) {
    Random random = new Random(6);
    for (int i = 0; i < ACCESSES; i++) {
      int space = 1 + random.nextInt(2);
      int pointer = 4096 * random.nextInt(4) + 4 * random.nextInt(1000);
      MemoryLogEntry entry =
          random.nextBoolean()
              ? new MemoryLogEntry.Read(space, pointer, 8)
              : new MemoryLogEntry.Write(space, pointer, new int[] {i, i + 1, i + 2, i + 3});
      retry(
          () -> {
            controller.replayAccess(entry);
            return entry;
          });
      if (i == ACCESSES / 2) {
        Poseidon2Periphery closed = new Poseidon2Periphery();
        closed.close();
        assertThatThrownBy(() -> controller.finalizeMemory(closed))
            .isInstanceOfAny(IllegalStateException.class, OutOfNativeMemoryException.class);
      }
    }
  }

  private static int[] words(WordStream stream) {
    List<int[]> parts = new ArrayList<>();
    stream.forEachChunk(part -> parts.add(part.toArray(ValueLayout.JAVA_INT)));
    return parts.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private static <T> T retry(Supplier<T> operation) {
    try {
      return operation.get();
    } catch (OutOfNativeMemoryException e) {
      return operation.get();
    }
  }
}
