// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.offheap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
  @Test
  void sizeClasses() {
    assertThat(BufferPool.sizeClass(0)).isEqualTo(4096);
    assertThat(BufferPool.sizeClass(1)).isEqualTo(4096);
    assertThat(BufferPool.sizeClass(4096)).isEqualTo(4096);
    assertThat(BufferPool.sizeClass(4097)).isEqualTo(4352);
    assertThat(BufferPool.sizeClass(5120)).isEqualTo(5120);
    assertThat(BufferPool.sizeClass(7937)).isEqualTo(8192);
    assertThat(BufferPool.sizeClass(8192)).isEqualTo(8192);
    assertThat(BufferPool.sizeClass(8193)).isEqualTo(8704);
    assertThat(BufferPool.sizeClass((1L << 40) + 1)).isEqualTo(17L << 36);
    for (long bytes = 4096; bytes < 1 << 20; bytes += 1777) {
      long size = BufferPool.sizeClass(bytes);
      assertThat(size).isGreaterThanOrEqualTo(bytes).isLessThanOrEqualTo(bytes + bytes / 16 + 256);
      assertThat(BufferPool.sizeClass(size)).isEqualTo(size);
    }
  }

  @Test
  void buffersAreReusedAndAligned() {
    BufferPool pool = new BufferPool(1 << 20);
    MemorySegment first = pool.acquire(10_000);
    assertThat(first.byteSize()).isEqualTo(10_240);
    assertThat(first.address() % 64).isZero();
    pool.release(first);
    assertThat(pool.retainedBytes()).isEqualTo(10_240);
    MemorySegment again = pool.acquire(9_000);
    assertThat(again.address()).isEqualTo(first.address());
    assertThat(pool.retainedBytes()).isZero();
    assertThat(pool.lentBytes()).isEqualTo(10_240);
    MemorySegment other = pool.acquire(9_000);
    assertThat(other.address()).isNotEqualTo(again.address());
    assertThat(pool.acquire(20_000).address()).isNotEqualTo(again.address());
  }

  @Test
  void theSmallestOfTheFreeBuffersIsTaken() {
    BufferPool pool = new BufferPool(1 << 20);
    List<MemorySegment> free =
        List.of(pool.acquire(10_240), pool.acquire(8_192), pool.acquire(9_216));
    free.forEach(pool::release);
    assertThat(pool.acquire(8_200).address()).isEqualTo(free.get(2).address());
    assertThat(pool.acquire(8_192).address()).isEqualTo(free.get(1).address());
    assertThat(pool.acquire(8_193).address()).isEqualTo(free.get(0).address());
    assertThat(pool.retainedBytes()).isZero();
  }

  @Test
  void aBufferMoreThanAQuarterTooLargeIsNotTaken() {
    BufferPool pool = new BufferPool(1 << 20);
    MemorySegment large = pool.acquire(10_240 + 512);
    pool.release(large);
    assertThat(pool.acquire(8_192).address()).isNotEqualTo(large.address());
    assertThat(pool.retainedBytes()).isEqualTo(10_240 + 512);
    assertThat(pool.acquire(8_193).address()).isEqualTo(large.address());
  }

  @Test
  void aSecondReleaseIsABug() {
    BufferPool pool = new BufferPool(1 << 20);
    MemorySegment buffer = pool.acquire(1);
    pool.release(buffer);
    assertThatThrownBy(() -> pool.release(buffer))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("4096");
    assertThat(pool.retainedBytes()).isEqualTo(4096);
    pool.acquire(1);
    pool.release(buffer); // it was handed out once more
  }

  @Test
  void noMoreIsKeptThanAllowed() {
    BufferPool pool = new BufferPool(10_000);
    List<MemorySegment> buffers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      buffers.add(pool.acquire(4096));
    }
    buffers.forEach(pool::release);
    assertThat(pool.retainedBytes()).isEqualTo(8192);
    pool.clear();
    assertThat(pool.retainedBytes()).isZero();
    pool.release(pool.acquire(1 << 20));
    assertThat(pool.retainedBytes()).isZero();
  }

  @Test
  void memoryThatCannotBeHad() {
    BufferPool pool = new BufferPool(1 << 20);
    pool.release(pool.acquire(1));
    assertThatThrownBy(() -> pool.acquire(1L << 46))
        .isInstanceOfSatisfying(
            OutOfNativeMemoryException.class,
            e -> {
              assertThat(e.bytes()).isEqualTo(1L << 46);
              assertThat(e).hasMessageContaining("MaxDirectMemorySize");
            });
    assertThat(pool.acquire(1).byteSize()).isEqualTo(4096);
  }

  @Test
  void threadsNeverShareABuffer() throws Exception {
    BufferPool pool = new BufferPool(1 << 20);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        byte mark = (byte) (t + 1);
        done.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 3000; i++) {
                    MemorySegment buffer = pool.acquire(4096);
                    buffer.fill(mark);
                    Thread.onSpinWait();
                    for (long at = 0; at < 4096; at += 512) {
                      if (buffer.get(ValueLayout.JAVA_BYTE, at) != mark) {
                        throw new AssertionError("another thread wrote into this buffer");
                      }
                    }
                    pool.release(buffer);
                  }
                }));
      }
      for (Future<?> future : done) {
        future.get();
      }
    }
    Set<Long> addresses = new HashSet<>();
    for (long kept = pool.retainedBytes(); kept > 0; kept -= 4096) {
      assertThat(addresses.add(pool.acquire(1).address())).isTrue();
    }
  }

  @Test
  void anArrayOfWordsGrowsAndKeeps() {
    BufferPool pool = new BufferPool(1 << 24);
    IntBuffer64 array = new IntBuffer64(pool, 10);
    long capacity = array.capacity();
    assertThat(capacity).isGreaterThanOrEqualTo(10);
    for (int i = 0; i < 100_000; i++) {
      array.ensure(i + 1, i);
      array.set(i, i ^ 0x5A5A);
    }
    for (int i = 0; i < 100_000; i++) {
      assertThat(array.get(i)).isEqualTo(i ^ 0x5A5A);
    }
    long grown = array.capacity();
    array.ensure(5, 5);
    assertThat(array.capacity()).isEqualTo(grown);
    long before = pool.retainedBytes();
    array.release();
    assertThat(pool.retainedBytes()).isEqualTo(before + 4 * grown);
    array.release();
    assertThat(pool.retainedBytes()).isEqualTo(before + 4 * grown);
    assertThat(array.capacity()).isZero();
    assertThatThrownBy(() -> array.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void whatIsHandedOutIsCountedUntilItIsGivenBack() {
    BufferPool pool = new BufferPool(4096);
    MemorySegment kept = pool.acquire(1);
    MemorySegment dropped = pool.acquire(5000);
    assertThat(pool.lentBytes()).isEqualTo(kept.byteSize() + dropped.byteSize());
    pool.release(kept);
    pool.release(dropped); // more than the pool keeps
    assertThat(pool.lentBytes()).isZero();
    MemorySegment again = pool.acquire(1);
    pool.clear();
    assertThat(pool.lentBytes()).isEqualTo(again.byteSize());
    pool.release(again);
    assertThatThrownBy(() -> pool.release(again)).isInstanceOf(IllegalStateException.class);
    assertThat(pool.lentBytes()).isZero();
  }

  @Test
  void aBufferThatCouldNotBeHadIsNotCounted() {
    BufferPool pool =
        new BufferPool(
            0,
            _ -> {
              throw new OutOfMemoryError("test");
            });
    assertThatThrownBy(() -> pool.acquire(1)).isInstanceOf(OutOfNativeMemoryException.class);
    assertThat(pool.lentBytes()).isZero();
  }
}
