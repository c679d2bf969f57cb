// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CudaStreamTest {
  private Emulator emulator;
  private CudaDevice device;
  private CudaStream stream;

  @BeforeEach
  void open() {
    emulator = Emulator.load();
    emulator.reset();
    device = CudaFixture.open();
    stream = device.openStream();
  }

  @AfterEach
  void close() {
    stream.close();
    device.close();
    CudaFixture.assertNothingLeft(emulator);
  }

  @Test
  void copiesThereAndBack() {
    try (DeviceBuffer buffer = CudaFixture.buffer(stream, 1, 2, 3, 4)) {
      stream.copyToDevice(CudaFixture.words(7, 8), buffer, 4);
      assertThat(CudaFixture.read(stream, buffer)).containsExactly(1, 7, 8, 4);
      MemorySegment middle = Arena.ofAuto().allocate(8, 4);
      stream.copyToHost(buffer, 8, middle);
      stream.synchronize();
      assertThat(middle.toArray(ValueLayout.JAVA_INT)).containsExactly(8, 4);
    }
  }

  @Test
  void copiesAndFillsOnTheDevice() {
    try (DeviceBuffer from = CudaFixture.buffer(stream, 1, 2, 3, 4);
        DeviceBuffer to = stream.allocateZeroed(24, "target")) {
      stream.copy(from, 4, to, 8, 8);
      assertThat(CudaFixture.read(stream, to)).containsExactly(0, 0, 2, 3, 0, 0);
      stream.fillWords(to, 16, 2, 0xCAFE);
      stream.fill(to, 1, 2, (byte) 0xFF);
      assertThat(CudaFixture.read(stream, to)).containsExactly(0xFFFF00, 0, 2, 3, 0xCAFE, 0xCAFE);
    }
  }

  @Test
  void workIsDoneInOrder() {
    try (DeviceBuffer buffer = stream.allocate(4, "test")) {
      for (int i = 0; i < 100; i++) {
        stream.fillWords(buffer, 0, 1, i);
      }
      assertThat(stream.isDone()).isFalse();
      stream.synchronize();
      assertThat(stream.isDone()).isTrue();
      assertThat(CudaFixture.read(stream, buffer)).containsExactly(99);
    }
  }

  @Test
  void launchesAKernelOverEveryItem() {
    int items = 1000;
    int[] words = new int[3 * items];
    Arrays.setAll(words, i -> i);
    CudaKernel kernel = device.kernel("sum_copies");
    assertThat(kernel.argumentWords()).isEqualTo(3);
    try (DeviceBuffer buffer = CudaFixture.buffer(stream, words)) {
      stream.launch(kernel, items, buffer.address(), 3);
      int[] sums = CudaFixture.read(stream, buffer);
      for (int i = 0; i < items; i++) {
        assertThat(sums[i]).isEqualTo(3 * i + 3 * items);
      }
    }
    assertThat(emulator.count("kernel:memtrace_sum_copies")).isEqualTo(1);
  }

  /** More blocks than the other dimensions of a grid may have. */
  @Test
  void launchesMoreThan65535Blocks() {
    int items = 65_536 * CudaKernel.BLOCK_THREADS + 3;
    CudaKernel kernel = device.kernel("sum_copies");
    try (DeviceBuffer buffer = stream.allocate(4L * 2 * items, "test")) {
      stream.fillWords(buffer, 0, items, 2);
      stream.fillWords(buffer, 4L * items, items, 3);
      stream.launch(kernel, items, buffer.address(), 2);
      MemorySegment sums = Arena.ofAuto().allocate(4L * items, 8);
      stream.copyToHost(buffer, 0, sums);
      stream.synchronize();
      long wrong = 0;
      for (int i = 0; i < items; i++) {
        wrong += sums.getAtIndex(ValueLayout.JAVA_INT, i) == 5 ? 0 : 1;
      }
      assertThat(wrong).isZero();
    }
  }

  @Test
  void argumentsAreCopiedAtTheLaunch() {
    CudaKernel kernel = device.kernel("sum_copies");
    try (DeviceBuffer one = CudaFixture.buffer(stream, 1, 1);
        DeviceBuffer two = CudaFixture.buffer(stream, 2, 2)) {
      stream.launch(kernel, 1, one.address(), 2);
      stream.launch(kernel, 1, two.address(), 2);
      assertThat(CudaFixture.read(stream, one)).containsExactly(2, 1);
      assertThat(CudaFixture.read(stream, two)).containsExactly(4, 2);
    }
  }

  @Test
  void withoutItemsNothingIsLaunched() {
    stream.launch(device.kernel("sum_copies"), 0, 0, 0);
    assertThat(emulator.count("cuLaunchKernel")).isZero();
  }

  @Test
  void refusesArgumentsThatTheKernelDoesNotTake() {
    CudaKernel kernel = device.kernel("sum_copies");
    assertThatThrownBy(() -> stream.launch(kernel))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("kernel sum_copies takes 3 arguments, not 0");
    assertThatThrownBy(() -> stream.launch(kernel, 1, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("kernel sum_copies takes 3 arguments, not 2");
    assertThatThrownBy(() -> stream.launch(kernel, -1, 2, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot run over -1 items");
    assertThatThrownBy(() -> stream.launch(kernel, CudaKernel.MAX_ITEMS + 1, 2, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("549755813633 items; a grid has at most 549755813632");
  }

  @Test
  void refusesAKernelThatIsNotThere() {
    assertThatThrownBy(() -> device.kernel("sum_copie"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there is no kernel memtrace_sum_copie");
    assertThat(device.kernel("sum_copies")).isSameAs(device.kernel("sum_copies"));
  }

  @Test
  void rangesAreChecked() {
    try (DeviceBuffer buffer = stream.allocate(16, "test");
        DeviceBuffer other = stream.allocate(64, "test")) {
      MemorySegment words = CudaFixture.words(1, 2, 3);
      assertThatThrownBy(() -> stream.copyToDevice(words, buffer, 8))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> stream.copyToHost(buffer, -4, words))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> stream.copy(other, 0, buffer, 0, 17))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> stream.copy(buffer, 0, other, 0, 17))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> stream.fill(buffer, 0, 17, (byte) 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> stream.fillWords(buffer, 0, 5, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> stream.fillWords(buffer, 0, Long.MAX_VALUE / 2, 0))
          .isInstanceOf(ArithmeticException.class);
      assertThatThrownBy(() -> buffer.address(12, 5)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(buffer.address(16, 0)).isEqualTo(buffer.address() + 16);
    }
  }

  @Test
  void heapAndReadOnlyMemoryAreRefused() {
    try (DeviceBuffer buffer = stream.allocate(16, "test")) {
      MemorySegment heap = MemorySegment.ofArray(new int[4]);
      assertThatThrownBy(() -> stream.copyToDevice(heap, buffer, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("native memory");
      assertThatThrownBy(() -> stream.copyToHost(buffer, 0, heap))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("native memory");
      MemorySegment readOnly = CudaFixture.words(1).asReadOnly();
      stream.copyToDevice(readOnly, buffer, 0);
      assertThatThrownBy(() -> stream.copyToHost(buffer, 0, readOnly))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("read-only");
    }
  }

  @Test
  void emptyBuffersAndCopiesNeedNoDriver() {
    try (DeviceBuffer empty = stream.allocateZeroed(0, "nothing")) {
      assertThat(empty.bytes()).isZero();
      assertThat(empty.address()).isZero();
      stream.copyToDevice(MemorySegment.NULL, empty, 0);
      stream.copyToHost(empty, 0, MemorySegment.NULL);
      stream.copy(empty, 0, empty, 0, 0);
      stream.fillWords(empty, 0, 0, 1);
    }
    assertThat(emulator.count("cuMemAllocAsync")).isZero();
    assertThat(emulator.count("cuMemFreeAsync")).isZero();
    assertThatThrownBy(() -> stream.allocate(-1, "debt"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a buffer of -1 bytes for debt");
  }

  @Test
  void eventsOrderStreams() {
    try (CudaStream second = device.openStream();
        CudaEvent filled = device.newEvent();
        DeviceBuffer buffer = stream.allocate(4, "test")) {
      stream.fillWords(buffer, 0, 1, 5);
      stream.record(filled);
      assertThat(filled.isDone()).isFalse();
      second.await(filled);
      assertThat(CudaFixture.read(second, buffer)).containsExactly(5);
      assertThat(filled.isDone()).isTrue();
      filled.synchronize();
    }
  }

  @Test
  void eventsTakeTheTime() {
    try (CudaEvent start = device.newTimingEvent();
        CudaEvent end = device.newTimingEvent()) {
      stream.record(start);
      stream.record(end);
      end.synchronize();
      assertThat(end.millisecondsSince(start)).isGreaterThanOrEqualTo(0);
    }
  }

  @Test
  void memoryInFlightStaysReachable() {
    try (DeviceBuffer buffer = stream.allocate(1 << 20, "test")) {
      stream.copyToDevice(device.pinnedMemory().apply(1 << 20).fill((byte) 7), buffer, 0);
      System.gc();
      System.gc();
      int[] words = CudaFixture.read(stream, buffer);
      assertThat(Arrays.stream(words).allMatch(word -> word == 0x07070707)).isTrue();
    }
    CudaFixture.waitUntil(() -> device.pinnedMemory().liveBytes() == 0);
    assertThat(device.pinnedMemory().liveBytes()).isZero();
  }

  @Test
  void aClosedStreamHasDoneItsWork() {
    try (DeviceBuffer buffer = stream.allocate(4, "test")) {
      stream.synchronize();
      CudaStream second = device.openStream();
      second.fillWords(buffer, 0, 1, 9);
      second.close();
      second.close();
      assertThat(CudaFixture.read(stream, buffer)).containsExactly(9);
      assertThatThrownBy(second::synchronize)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the stream is closed");
    }
  }

  @Test
  void aBufferOutlivesItsStream() {
    CudaStream second = device.openStream();
    DeviceBuffer buffer = second.allocateZeroed(64, "survivor");
    second.close();
    assertThat(CudaFixture.read(stream, buffer)).containsOnly(0);
    buffer.close();
    buffer.close();
    assertThat(emulator.live("device_allocations")).isZero();
    assertThatThrownBy(buffer::address)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the device buffer of survivor is closed");
  }

  @Test
  void closedEventsAreRefused() {
    CudaEvent event = device.newEvent();
    event.close();
    event.close();
    assertThatThrownBy(() -> stream.record(event))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the event is closed");
  }

  @Test
  void buffersOfAnotherDeviceAreRefused() {
    try (CudaDevice other = CudaFixture.open();
        CudaStream foreign = other.openStream();
        CudaEvent event = other.newEvent();
        DeviceBuffer buffer = foreign.allocate(4, "test")) {
      assertThatThrownBy(() -> stream.fill(buffer, 0, 4, (byte) 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("another device");
      assertThatThrownBy(() -> stream.record(event)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> stream.await(event)).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
