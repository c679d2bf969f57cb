// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Small results come together, and their memory goes back when nobody writes it any more. */
class ReadBackTest {
  private static final int INVALID_VALUE = 1;

  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    CudaFixture.assertNothingLeft(emulator);
    emulator.reset();
  }

  @Test
  void resultsLieOneAfterTheOther() {
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer first = CudaFixture.buffer(stream, 1, 2, 3, 4);
        DeviceBuffer second = CudaFixture.buffer(stream, 5, 6);
        ReadBack read = new ReadBack(stream, new BufferPool(1 << 20, device.pinnedMemory()), 16)) {
      long waits = emulator.count("synchronisation");
      assertThat(read.add(first, 4, 8)).isZero();
      assertThat(read.add(second, 0, 8)).isEqualTo(8);
      assertThat(read.await().toArray(IntBuffer64.WORD)).containsExactly(2, 3, 5, 6);
      assertThat(emulator.count("synchronisation")).isEqualTo(waits + 1);
      assertThatThrownBy(() -> read.add(second, 0, 8))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void memoryGoesBackOnlyAfterTheCopies() {
    emulator.set("defer", 1);
    try (CudaDevice device = CudaFixture.open();
        CudaStream stream = device.openStream();
        DeviceBuffer buffer = CudaFixture.buffer(stream, 7, 8)) {
      BufferPool pool = new BufferPool(1 << 20, device.pinnedMemory());
      try (ReadBack read = new ReadBack(stream, pool, 16)) {
        read.add(buffer, 0, 8);
        emulator.fail("cuMemcpyDtoHAsync", 1, INVALID_VALUE);
        assertThatThrownBy(() -> read.add(buffer, 0, 8)).isInstanceOf(CudaException.class);
      }
      // Whoever gets the memory next is not disturbed.
      assertThat(pool.retainedBytes()).isPositive();
      MemorySegment next = pool.acquire(PinnedMemory.SMALLEST);
      next.set(IntBuffer64.WORD, 0, 99);
      stream.synchronize();
      assertThat(next.get(IntBuffer64.WORD, 0)).isEqualTo(99);
    }
  }
}
