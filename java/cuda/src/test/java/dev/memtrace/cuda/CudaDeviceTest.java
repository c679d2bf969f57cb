// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.DeviceMemoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CudaDeviceTest {
  private Emulator emulator;

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

  @Test
  void describesItself() {
    try (CudaDevice device = CudaFixture.open()) {
      assertThat(device.name()).contains("memtrace", "emulat");
      assertThat(device.emulated()).isTrue();
      assertThat(device.computeCapability()).isEqualTo(90);
      assertThat(device.totalMemory()).isEqualTo(8L << 30);
      assertThat(device.freeMemory()).isEqualTo(8L << 30);
      device.synchronize();
      device.trim();
    }
  }

  @Test
  void countsItsMemory() {
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream()) {
      try (DeviceBuffer one = stream.allocate(1000, "one");
          DeviceBuffer two = stream.allocate(5000, "two")) {
        assertThat(device.liveBytes()).isEqualTo(6000);
        assertThat(one.owner() + two.owner()).isEqualTo("onetwo");
        assertThat(device.freeMemory()).isEqualTo((8L << 30) - 6000);
      }
      assertThat(device.liveBytes()).isZero();
      assertThat(device.freeMemory()).isEqualTo(8L << 30);
    }
  }

  @Test
  void memoryThatDoesNotSufficeNamesTheNeedAndTheRest() {
    emulator.set("memory", 10_000);
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer first = stream.allocate(6000, "first")) {
      assertThatThrownBy(() -> stream.allocate(5000, "sort keys"))
          .isInstanceOfSatisfying(
              DeviceMemoryException.class,
              e -> {
                assertThat(e.need()).isEqualTo(5000);
                assertThat(e.rest()).isEqualTo(4000);
                assertThat(e)
                    .hasMessage(
                        "device memory is exhausted: sort keys needs 5000 bytes, 4000 of 10000 are"
                            + " free; use shorter segments");
              });
      assertThat(device.liveBytes()).isEqualTo(first.bytes());
      stream.allocate(4000, "the rest").close();
    }
  }

  @Test
  void closingNamesWhatIsStillOpenAndFreesIt() {
    CudaDevice device = CudaFixture.open();
    CudaStream stream = device.openStream();
    stream.allocate(100, "sort keys");
    stream.allocate(7, "flags");
    DeviceBuffer late = stream.allocate(40, "flags");
    device.newEvent();
    assertThatThrownBy(device::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "the device was closed before what it had given out: buffers of flags (7 bytes), flags"
                + " (40 bytes), sort keys (100 bytes), 1 streams, 1 events");
    CudaFixture.assertNothingLeft(emulator);
    late.close(); // without effect
    device.close();
    assertThatThrownBy(device::synchronize)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the device is closed");
    assertThatThrownBy(device::openStream).hasMessage("the device is closed");
    assertThatThrownBy(stream::synchronize).hasMessage("the stream is closed");
  }

  @Test
  void devicesOfOneProcessShareTheContext() {
    try (CudaDevice first = CudaFixture.open()) {
      try (CudaDevice second = CudaFixture.open();
          CudaStream stream = second.openStream()) {
        assertThat(emulator.live("contexts")).isEqualTo(1);
        stream.allocateZeroed(64, "test").close();
      }
      assertThat(emulator.live("contexts")).isEqualTo(1);
      first.synchronize();
    }
  }

  @Test
  void anyThreadMayCall() throws Exception {
    try (CudaDevice device = CudaFixture.open();
        CudaStream shared = device.openStream();
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        int mark = t + 1;
        done.add(
            threads.submit(
                () -> {
                  CudaKernel kernel = device.kernel("sum_copies");
                  try (CudaStream own = device.openStream()) {
                    for (int i = 0; i < 200; i++) {
                      CudaStream stream = (i & 1) == 0 ? own : shared;
                      try (DeviceBuffer buffer = CudaFixture.buffer(stream, mark, i)) {
                        stream.launch(kernel, 1, buffer.address(), 2);
                        assertThat(CudaFixture.read(stream, buffer)).containsExactly(mark + i, i);
                      }
                    }
                  }
                }));
      }
      for (Future<?> future : done) {
        future.get();
      }
      assertThat(device.liveBytes()).isZero();
    }
  }
}
