// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every call of the driver fails once, in every way. */
class CudaFaultsTest {
  private static final int INVALID_VALUE = 1;

  private Emulator emulator;

  /** A device with something of each kind, and the calls that work on it. */
  static final class Bench implements AutoCloseable {
    final CudaDevice device = CudaFixture.open();
    final CudaStream stream = device.openStream();
    final CudaEvent event = device.newTimingEvent();
    final CudaEvent earlier = device.newTimingEvent();
    final DeviceBuffer buffer = stream.allocate(64, "bench");
    final CudaKernel kernel = device.kernel("sum_copies");
    final MemorySegment host = Arena.ofAuto().allocate(64);

    Bench() {
      stream.record(earlier);
      stream.record(event);
      stream.synchronize();
    }

    @Override
    public void close() {
      buffer.close();
      event.close();
      earlier.close();
      stream.close();
      device.close();
    }
  }

  /** A driver call and what makes it. */
  record Call(String name, Consumer<Bench> action) {
    @Override
    public String toString() {
      return name;
    }
  }

  static final List<Call> CALLS =
      List.of(
          new Call("cuCtxSetCurrent", bench -> bench.stream.synchronize()),
          new Call("cuCtxSynchronize", bench -> bench.device.synchronize()),
          new Call("cuStreamCreate", bench -> bench.device.openStream()),
          new Call("cuStreamSynchronize", bench -> bench.stream.synchronize()),
          new Call("cuStreamQuery", bench -> bench.stream.isDone()),
          new Call("cuStreamWaitEvent", bench -> bench.stream.await(bench.event)),
          new Call("cuEventCreate", bench -> bench.device.newEvent()),
          new Call("cuEventRecord", bench -> bench.stream.record(bench.event)),
          new Call("cuEventSynchronize", bench -> bench.event.synchronize()),
          new Call("cuEventQuery", bench -> bench.event.isDone()),
          new Call("cuEventElapsedTime", bench -> bench.event.millisecondsSince(bench.earlier)),
          new Call("cuMemAllocAsync", bench -> bench.stream.allocate(8, "more")),
          new Call("cuMemsetD8Async", bench -> bench.stream.allocateZeroed(8, "more")),
          new Call("cuMemsetD32Async", bench -> bench.stream.fillWords(bench.buffer, 0, 1, 1)),
          new Call(
              "cuMemcpyHtoDAsync", bench -> bench.stream.copyToDevice(bench.host, bench.buffer, 0)),
          new Call(
              "cuMemcpyDtoHAsync", bench -> bench.stream.copyToHost(bench.buffer, 0, bench.host)),
          new Call(
              "cuMemcpyDtoDAsync",
              bench -> bench.stream.copy(bench.buffer, 0, bench.buffer, 32, 8)),
          new Call(
              "cuLaunchKernel",
              bench -> bench.stream.launch(bench.kernel, 1, bench.buffer.address(), 1)),
          new Call("cuModuleGetFunction", bench -> bench.device.kernel("convert")),
          new Call("cuFuncGetParamInfo", bench -> bench.device.kernel("convert")),
          new Call("cuMemPoolTrimTo", bench -> bench.device.trim()),
          new Call("cuMemPoolGetAttribute", bench -> bench.device.freeMemory()),
          new Call("cuMemHostAlloc", bench -> bench.device.pinnedMemory().apply(1 << 20)),
          new Call(
              "memtrace_reduce_sum_u32",
              bench ->
                  bench
                      .device
                      .algorithms()
                      .sum(bench.stream, bench.buffer.address(), bench.buffer.address(32, 8), 4)));

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    emulator.reset();
    CudaFixture.assertNothingLeft(emulator);
  }

  @ParameterizedTest
  @FieldSource("CALLS")
  void aRefusedCallIsNamed(Call call) {
    try (Bench bench = new Bench()) {
      emulator.fail(call.name(), 1, INVALID_VALUE);
      assertThatThrownBy(() -> call.action().accept(bench))
          .isInstanceOfSatisfying(
              CudaException.class,
              e -> {
                assertThat(e.call()).startsWith(call.name());
                assertThat(e.code()).isEqualTo(INVALID_VALUE);
                assertThat(e).hasMessage(e.call() + " failed: CUDA_ERROR_INVALID_VALUE (1)");
              });
      bench.stream.fill(bench.buffer, 0, 64, (byte) 0); // the device goes on
      bench.stream.synchronize();
    }
  }

  @ParameterizedTest
  @FieldSource("CALLS")
  void memoryThatRunsOutIsRecoverable(Call call) {
    try (Bench bench = new Bench()) {
      emulator.fail(call.name(), 1, CudaResult.OUT_OF_MEMORY);
      if (call.name().equals("cuMemHostAlloc")) {
        call.action().accept(bench); // after a garbage collection
      } else {
        assertThatThrownBy(() -> call.action().accept(bench))
            .isInstanceOf(DeviceMemoryException.class)
            .hasMessageContaining("device memory is exhausted");
      }
      bench.stream.fill(bench.buffer, 0, 64, (byte) 0);
      bench.stream.synchronize();
    }
  }

  @ParameterizedTest
  @FieldSource("CALLS")
  void aLostDeviceStaysLost(Call call) {
    try (Bench bench = new Bench()) {
      emulator.fail(call.name(), 1, 719);
      assertThatThrownBy(() -> call.action().accept(bench))
          .isInstanceOf(DeviceLostException.class)
          .hasMessageContainingAll(
              "the device is lost: " + call.name(),
              "CUDA_ERROR_LAUNCH_FAILED (719)",
              "new process");
      for (Call other : CALLS) {
        assertThatThrownBy(() -> other.action().accept(bench))
            .as(other.name())
            .isInstanceOf(DeviceLostException.class)
            .hasMessageContaining("the device is lost: " + call.name());
      }
    } // closing throws nothing
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721})
  void codesThatLoseTheDevice(int code) {
    try (Bench bench = new Bench()) {
      emulator.fail("cuStreamQuery", 1, code);
      assertThatThrownBy(bench.stream::isDone).isInstanceOf(DeviceLostException.class);
    }
  }

  @Test
  void aKernelThatFailsIsSeenWhenTheStreamIsWaitedFor() {
    try (Bench bench = new Bench()) {
      emulator.fail("kernel:memtrace_sum_copies", 1, 700);
      bench.stream.launch(bench.kernel, 1, bench.buffer.address(), 1);
      assertThatThrownBy(bench.stream::synchronize)
          .isInstanceOf(DeviceLostException.class)
          .hasMessageContaining("cuStreamSynchronize failed: CUDA_ERROR_ILLEGAL_ADDRESS (700)");
    }
  }

  @Test
  void closingALostDeviceThatNobodyHasSeenYet() {
    Bench bench = new Bench();
    emulator.fail("kernel:", 1, 700);
    bench.stream.launch(bench.kernel, 1, bench.buffer.address(), 1);
    bench.close();
    assertThat(emulator.live("contexts")).isZero();
  }

  /** What closing calls, and whether the device is whole afterwards. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cuMemFreeAsync",
        "cuEventDestroy",
        "cuStreamDestroy",
        "cuModuleUnload",
        "cuMemPoolTrimTo",
        "cuDevicePrimaryCtxRelease"
      })
  void closingReportsWhatItCannotFree(String call) {
    List<Throwable> thrown = new ArrayList<>();
    Bench bench = new Bench();
    emulator.fail(call, 1, INVALID_VALUE);
    List<AutoCloseable> parts =
        List.of(bench.buffer, bench.event, bench.earlier, bench.stream, bench.device);
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (Exception e) {
        thrown.add(e);
      }
    }
    assertThat(thrown)
        .singleElement()
        .isInstanceOfSatisfying(CudaException.class, e -> assertThat(e.call()).isEqualTo(call));
    emulator.reset();
    if (emulator.live("contexts") != 0) {
      CUdevice device = new CUdevice();
      assertThat(JCudaDriver.cuDeviceGet(device, 0)).isZero();
      assertThat(JCudaDriver.cuDevicePrimaryCtxRelease(device)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cuInit",
        "cuDriverGetVersion",
        "cuDeviceGetCount",
        "cuDeviceGet",
        "cuDeviceGetName",
        "cuDeviceGetAttribute",
        "cuDeviceTotalMem",
        "cuDeviceGetDefaultMemPool",
        "cuMemPoolSetAttribute",
        "cuDevicePrimaryCtxRetain",
        "cuCtxSetCurrent",
        "cuModuleLoadData",
        "cuStreamCreate"
      })
  void openingNamesTheCallThatFails(String call) {
    CudaInstallation installation =
        new CudaInstallation(CudaFixture.settings(), JarContent.ofProcess());
    for (int code : new int[] {INVALID_VALUE, CudaResult.OUT_OF_MEMORY, 719}) {
      for (int nth = 1; ; nth++) {
        emulator.reset();
        emulator.fail(call, nth, code);
        try (CudaDevice device = installation.open(false)) {
          emulator.reset();
          assertThat(nth).as(device.name()).isGreaterThan(1); // all calls have failed once
          break;
        } catch (BackendUnavailableException e) {
          assertThat(e.reasons()).singleElement().asString().contains(call, "(" + code + ")");
        }
        emulator.reset();
        CudaFixture.assertNothingLeft(emulator);
      }
    }
  }
}
