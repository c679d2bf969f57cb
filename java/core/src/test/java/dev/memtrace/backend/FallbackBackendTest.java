// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A device whose memory ends at each call in turn makes no difference to the products. */
class FallbackBackendTest {
  private static final List<String> NEVER_FAIL =
      List.of("name", "description", "pool", "close", "initialRoot", "finalRoot", "replayAccess");

  /** A device that is the CPU, but whose memory ends at one call. */
  private static final class Device {
    private final CpuBackend cpu = new CpuBackend(new BackendOptions(1), new BufferPool(1 << 24));
    private final RuntimeException failure;
    private final int failAt;
    private int calls;
    private int openSessions;

    Device(RuntimeException failure, int failAt) {
      this.failure = failure;
      this.failAt = failAt;
    }

    /** Lack of memory passes; a lost device stays lost. */
    private boolean fails(int call) {
      return failure instanceof DeviceLostException ? failAt > 0 && call >= failAt : call == failAt;
    }

    <T> T wrap(Class<T> type, T target) {
      return type.cast(
          Proxy.newProxyInstance(
              type.getClassLoader(),
              new Class<?>[] {type},
              (_, method, arguments) -> {
                if (!NEVER_FAIL.contains(method.getName()) && fails(++calls)) {
                  throw failure;
                }
                try {
                  Object result = method.invoke(target, arguments);
                  if (method.getName().equals("open")) {
                    openSessions++;
                    return wrap(TraceSession.class, (TraceSession) result);
                  }
                  if (method.getName().equals("close") && type == TraceSession.class) {
                    openSessions--;
                  }
                  return method.getName().equals("name") ? "device" : result;
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              }));
    }
  }

  private static DeviceMemoryException full() {
    return new DeviceMemoryException("test: needs 2 bytes, 1 is free", 2, 1);
  }

  private static List<int[]> run(MemoryMode mode, Device device) {
    List<int[]> products = new ArrayList<>();
    MemoryConfig config = MemoryConfig.defaults().withAccessCapacity(0);
    VariableRangeChecker rangeChecker = new VariableRangeChecker(new RangeCheckerBus(1, 17));
    try (TraceBackend backend =
            new FallbackBackend(
                device.wrap(TraceBackend.class, device.cpu),
                () -> new CpuBackend(new BackendOptions(2)));
        Poseidon2Periphery hasher = new Poseidon2Periphery();
        MemoryController controller =
            mode == MemoryMode.VOLATILE
                ? MemoryController.withVolatileMemory(
                    new MemoryBus(0), config, rangeChecker, backend)
                : MemoryController.withPersistentMemory(
                    new MemoryBus(0),
                    config,
                    rangeChecker,
                    new MerkleBus(2),
                    new CompressionBus(3),
                    backend)) {
      assertThat(backend.name()).isEqualTo("device");
      if (mode == MemoryMode.PERSISTENT) {
        controller.setInitialMemory(new AddressMap(config).set(2, 5, 77));
      }
      for (int i = 0; i < 2500; i++) {
        controller.write(1, 4 * (i % 100), 4, new int[] {i, 1, 2, 3}, 0, new int[4], 0);
        controller.read(2, i, 8, new int[8], 0);
      }
      controller.finalizeMemory(hasher);
      products.add(words(controller.records()));
      int[] record = controller.offlineMemory().record(5).data().clone();
      products.add(record);
      for (AirProofInput input : controller.generateAirProofInputs()) {
        products.add(input.trace().segment().toArray(ValueLayout.JAVA_INT));
        products.add(input.publicValues());
        input.close();
      }
      if (mode == MemoryMode.PERSISTENT) {
        try (MemoryState state = controller.finalState()) {
          products.add(state.root());
          products.add(new int[] {(int) state.image().nonZeroCells()});
          assertThat(state.root()).isEqualTo(controller.finalRoot());
        }
      }
      products.add(words(controller.generateAuxColumns()));
      products.add(rangeChecker.counts());
      products.add(hasher.inputs().toArray(ValueLayout.JAVA_INT));
      for (long height : controller.currentTraceHeights()) {
        products.add(new int[] {(int) height});
      }
      products.add(new int[] {(int) controller.finalMemory().nonZeroCells()});
      for (TraceMatrix trace :
          List.of(backend.poseidon2Trace(hasher, 1), backend.rangeCheckerTrace(rangeChecker))) {
        products.add(trace.segment().toArray(ValueLayout.JAVA_INT));
        long fingerprint = backend.fingerprint(trace, 7);
        products.add(new int[] {(int) fingerprint, (int) (fingerprint >>> 32)});
        trace.close();
      }
    }
    assertThat(device.openSessions).isZero();
    return products;
  }

  private static int[] words(WordStream stream) {
    try (stream) {
      int[] all = new int[(int) stream.words()];
      MemorySegment target = MemorySegment.ofArray(all);
      long[] at = {0};
      stream.forEachChunk(
          part -> {
            MemorySegment.copy(part, 0, target, at[0], part.byteSize());
            at[0] += part.byteSize();
          });
      return all;
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryMode.class)
  void whateverFailsForLackOfMemoryIsDoneElsewhere(MemoryMode mode) {
    Device sound = new Device(full(), 0);
    List<int[]> want = run(mode, sound);
    assertThat(sound.calls).isGreaterThan(12);
    for (int failAt = 1; failAt <= sound.calls; failAt++) {
      List<int[]> got = run(mode, new Device(full(), failAt));
      assertThat(got).as("call %d fails", failAt).hasSameSizeAs(want);
      for (int i = 0; i < want.size(); i++) {
        assertThat(got.get(i)).as("product %d, call %d fails", i, failAt).isEqualTo(want.get(i));
      }
    }
  }

  @Test
  void aLostDeviceIsNotPassedOver() {
    Device sound = new Device(full(), 0);
    run(MemoryMode.VOLATILE, sound);
    for (int failAt = 1; failAt <= sound.calls; failAt++) {
      Device lost = new Device(new DeviceLostException("test: lost"), failAt);
      assertThatThrownBy(() -> run(MemoryMode.VOLATILE, lost))
          .as("call %d", failAt)
          .isInstanceOf(DeviceLostException.class)
          .hasMessage("test: lost");
    }
  }
}
