// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.offheap.BufferPool;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The cache in front of the pages never shows. */
class OnlineMemoryTest {
  private static final int P = 2013265921;
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults().withAsHeight(2).withPointerMaxBits(14);

  /** A pool whose first buffers hold rubbish. */
  private static BufferPool dirtyPool() {
    BufferPool pool = new BufferPool(1L << 24);
    java.lang.foreign.MemorySegment buffer = pool.acquire(1 << 18);
    buffer.fill((byte) 0x5A);
    pool.release(buffer);
    return pool;
  }

  @Test
  void runsOfCellsAcrossPages() {
    OnlineMemory map = new OnlineMemory(new AddressMap(CONFIG), dirtyPool());
    Random random = new Random(4);
    int[] shadow = new int[1 << 14];
    for (int i = 0; i < 3000; i++) {
      int n = 1 << random.nextInt(6);
      int pointer =
          Math.min((1 << 14) - n, Math.max(0, 4096 * random.nextInt(5) - random.nextInt(40)));
      int[] data = random.ints(n + 2, 0, P).toArray();
      int[] previous = new int[n + 3];
      map.exchange(2, pointer, n, data, 1, previous, 3);
      for (int j = 0; j < n; j++) {
        assertThat(previous[3 + j]).isEqualTo(shadow[pointer + j]);
        shadow[pointer + j] = data[1 + j];
      }
      int at = Math.max(0, pointer - random.nextInt(9));
      int[] out = new int[n + 1];
      map.read(2, at, n, out, 1);
      for (int j = 0; j < n; j++) {
        assertThat(out[1 + j]).isEqualTo(shadow[at + j]);
      }
    }
    int[] absent = {9, 9, 9, 9};
    map.read(3, 4094, 4, absent, 0);
    assertThat(absent).containsOnly(0);
  }

  @Test
  void exchangeInPlaceWhateverTheOverlap() {
    BufferPool pool = dirtyPool();
    for (int n : new int[] {1, 2, 4, 8, 16, 32}) {
      for (int shift = -3; shift <= 3; shift++) {
        for (int pointer : new int[] {0, 4096 - n / 2}) {
          OnlineMemory map = new OnlineMemory(new AddressMap(CONFIG), pool);
          int[] old = new int[n];
          int[] buffer = new int[40];
          for (int i = 0; i < n; i++) {
            old[i] = 1000 + i;
            map.exchangeCell(1, pointer + i, old[i]);
            buffer[4 + i] = 1 + i;
          }
          map.exchange(1, pointer, n, buffer, 4, buffer, 4 + shift);
          for (int i = 0; i < n; i++) {
            assertThat(buffer[4 + shift + i]).as("n %d shift %d", n, shift).isEqualTo(old[i]);
            assertThat(map.cell(1, pointer + i)).as("n %d shift %d", n, shift).isEqualTo(1 + i);
          }
          map.release();
        }
      }
    }
  }

  @Test
  void linesThatEvictEachOtherKeepTheirCells() {
    long seed = 12;
    Random random = new Random(seed);
    MemoryConfig config = MemoryConfig.defaults();
    AddressMap initial = new AddressMap(config);
    TreeMap<Long, Integer> want = new TreeMap<>();
    for (int i = 0; i < 64; i++) {
      // 2^14 cells apart: the same place in the cache.
      int pointer = (i << 14) + 3;
      initial.set(1 + i % 8, pointer, i + 1);
      want.put((long) (1 + i % 8) << 32 | pointer, i + 1);
    }
    OnlineMemory memory = new OnlineMemory(initial, dirtyPool());
    for (int i = 0; i < 20_000; i++) {
      int space = 1 + random.nextInt(8);
      int pointer = (random.nextInt(64) << 14) + random.nextInt(64);
      long key = (long) space << 32 | pointer;
      int value = random.nextInt(4) == 0 ? 0 : random.nextInt(P);
      assertThat(memory.cell(space, pointer))
          .as("seed %d step %d", seed, i)
          .isEqualTo(want.getOrDefault(key, 0));
      if (random.nextBoolean()) {
        assertThat(memory.exchangeCell(space, pointer, value)).isEqualTo(want.getOrDefault(key, 0));
        want.put(key, value);
      }
      if (i % 5000 == 0) {
        assertThat(memory.image().get(space, pointer)).isEqualTo(want.getOrDefault(key, 0));
      }
    }
    want.values().removeIf(value -> value == 0);
    TreeMap<Long, Integer> got = new TreeMap<>();
    memory
        .image()
        .forEachNonZero((space, pointer, value) -> got.put((long) space << 32 | pointer, value));
    assertThat(got).isEqualTo(want);
    assertThat(initial.nonZeroCells()).isEqualTo(64);
    memory.release();
  }

  @Test
  void linesAPowerOfTwoApartDoNotEvictEachOther() {
    OnlineMemory memory =
        new OnlineMemory(new AddressMap(MemoryConfig.defaults()), new BufferPool(0));
    for (int bits = 5; bits < 29; bits++) {
      assertThat(memory.cell(2, 0)).isZero();
      assertThat(memory.cell(2, 1 << bits)).isZero();
      assertThat(memory.holds4(2, 0)).as("2^%d cells apart", bits).isTrue();
      assertThat(memory.holds4(2, 1 << bits)).as("2^%d cells apart", bits).isTrue();
    }
    memory.release();
  }

  @Test
  void onlyCellsThatExistAreFound() {
    for (int bits : new int[] {3, 4, 5, 6, 14}) {
      MemoryConfig config = CONFIG.withPointerMaxBits(bits);
      OnlineMemory memory = new OnlineMemory(new AddressMap(config), dirtyPool());
      int last = (1 << bits) - 1;
      assertThat(memory.holds4(1, 0)).isFalse();
      int[] spaces = {1, 2};
      for (int space : spaces) {
        memory.exchangeCell(space, 0, 5);
        memory.exchangeCell(space, last, 7);
      }
      for (int space : new int[] {-1, 0, 1, 2, 5, 6, 1 << 29, Integer.MIN_VALUE, 1 + (1 << 28)}) {
        for (int pointer : new int[] {0, 1, last - 3, last - 2, last, last + 1, -1, -4, 1 << 30}) {
          boolean cached = (space == 1 || space == 2) && pointer >= 0 && pointer + 3 <= last;
          boolean inOneLine = (pointer & 31) <= 28;
          assertThat(memory.holds4(space, pointer))
              .as("space %d, pointer %d of 2^%d", space, pointer, bits)
              .isEqualTo(cached && inOneLine && bits >= 5);
        }
      }
      if (bits >= 5) {
        int[] out = new int[5];
        memory.read4(OnlineMemory.placeOf(2, last - 3), out, 1);
        assertThat(out).containsExactly(0, 0, 0, 0, 7);
        memory.write4(OnlineMemory.placeOf(2, last - 3), 1, 2, 3, 4);
        assertThat(memory.image().get(2, last - 2)).isEqualTo(2);
        assertThat(memory.image().get(1, last)).isEqualTo(7);
      }
      memory.release();
    }
  }
}
