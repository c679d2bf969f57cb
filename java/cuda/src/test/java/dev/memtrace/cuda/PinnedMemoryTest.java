// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.OutOfNativeMemoryException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PinnedMemoryTest {
  private static final long MEBIBYTE = 1 << 20;

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

  private static PrimaryContext context() {
    CudaFixture.open().close(); // loads the libraries
    try {
      return new PrimaryContext(LoadedDriver.emulator(CudaFixture.settings()), 0);
    } catch (ReasonException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void largeBuffersArePageLocked() {
    try (CudaDevice device = CudaFixture.open()) {
      PinnedMemory memory = device.pinnedMemory();
      MemorySegment buffer = memory.apply(MEBIBYTE);
      assertThat(buffer.byteSize()).isEqualTo(MEBIBYTE);
      assertThat(buffer.address() % 64).isZero();
      assertThat(emulator.live("pinned_bytes")).isEqualTo(MEBIBYTE);
      assertThat(memory.liveBytes()).isEqualTo(MEBIBYTE);
      buffer.set(ValueLayout.JAVA_LONG, MEBIBYTE - 8, 42);
      assertThatThrownBy(() -> buffer.get(ValueLayout.JAVA_LONG, MEBIBYTE - 7))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void smallBuffersAreOrdinaryMemory() {
    try (CudaDevice device = CudaFixture.open()) {
      MemorySegment buffer = device.pinnedMemory().apply(PinnedMemory.SMALLEST - 64);
      assertThat(buffer.byteSize()).isEqualTo(PinnedMemory.SMALLEST - 64);
      assertThat(buffer.address() % 64).isZero();
      assertThat(emulator.count("cuMemHostAlloc")).isZero();
      assertThat(device.pinnedMemory().liveBytes()).isZero();
    }
  }

  @Test
  void isFreedWhenNothingRefersToIt() throws InterruptedException {
    try (CudaDevice device = CudaFixture.open()) {
      Deque<MemorySegment> held = new ArrayDeque<>();
      held.add(device.pinnedMemory().apply(MEBIBYTE).asSlice(8, 8));
      System.gc();
      Thread.sleep(20);
      assertThat(emulator.live("pinned_bytes")).isEqualTo(MEBIBYTE);
      held.remove().set(ValueLayout.JAVA_LONG, 0, 1); // a slice keeps the whole
      CudaFixture.waitUntil(() -> device.pinnedMemory().liveBytes() == 0);
      assertThat(device.pinnedMemory().liveBytes()).isZero();
      assertThat(emulator.live("pinned_bytes")).isZero();
    }
  }

  @Test
  void outlivesTheDevice() {
    CudaDevice device = CudaFixture.open();
    PinnedMemory memory = device.pinnedMemory();
    MemorySegment buffer = memory.apply(MEBIBYTE);
    device.close();
    assertThat(emulator.live("contexts")).isEqualTo(1);
    buffer.fill((byte) 1);
    assertThat(buffer.get(ValueLayout.JAVA_BYTE, MEBIBYTE - 1)).isEqualTo((byte) 1);
    assertThatThrownBy(() -> memory.apply(MEBIBYTE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the device is closed");
  }

  @Test
  void theLimitIsEnforcedAfterACollection() {
    PrimaryContext context = context();
    PinnedMemory memory = new PinnedMemory(context, 3 * MEBIBYTE);
    List<MemorySegment> held = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      held.add(memory.apply(MEBIBYTE));
    }
    assertThatThrownBy(() -> memory.apply(MEBIBYTE))
        .isInstanceOf(OutOfMemoryError.class)
        .hasMessage("1048576 bytes of page-locked memory, with 3145728 of at most 3145728 in use");
    assertThat(memory.liveBytes()).isEqualTo(held.size() * MEBIBYTE);
    held.clear();
    for (int i = 0; i < 20; i++) {
      assertThat(memory.apply(MEBIBYTE).byteSize()).isEqualTo(MEBIBYTE);
    }
    context.release();
  }

  @Test
  void theDriversLimitIsAnOutOfMemoryError() {
    emulator.set("pinned", 2 * MEBIBYTE);
    PrimaryContext context = context();
    PinnedMemory memory = new PinnedMemory(context, Long.MAX_VALUE);
    MemorySegment held = memory.apply(MEBIBYTE);
    assertThatThrownBy(() -> memory.apply(2 * MEBIBYTE))
        .isInstanceOf(OutOfMemoryError.class)
        .hasMessage("the driver cannot page-lock 2097152 bytes; 1048576 bytes are page-locked");
    assertThat(memory.liveBytes()).isEqualTo(held.byteSize());
    context.release();
  }

  @Test
  void servesAPool() {
    try (CudaDevice device = CudaFixture.open()) {
      PinnedMemory memory = new PinnedMemory(device.context(), 4 * MEBIBYTE);
      BufferPool pool = new BufferPool(8 * MEBIBYTE, memory);
      MemorySegment first = pool.acquire(MEBIBYTE);
      pool.release(first);
      assertThat(pool.acquire(MEBIBYTE).address()).isEqualTo(first.address());
      assertThatThrownBy(() -> pool.acquire(5 * MEBIBYTE))
          .isInstanceOf(OutOfNativeMemoryException.class)
          .hasMessageContaining("page-locked memory");
    }
  }
}
