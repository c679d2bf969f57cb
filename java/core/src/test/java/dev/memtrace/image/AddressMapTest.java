// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressMapTest {
  private static final int P = 2013265921;
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults().withAsHeight(2).withPointerMaxBits(14);

  /** A pool whose buffers hold rubbish, as those of a long-lived process do. */
  private static BufferPool dirtyPool() {
    BufferPool pool = new BufferPool(1L << 30);
    List<MemorySegment> buffers = new ArrayList<>();
    for (long power = 4096; power <= 2 << 20; power *= 2) {
      for (long steps = 16; steps < 32; steps++) { // every size class of the pool
        buffers.add(pool.acquire(power / 16 * steps).fill((byte) 0x5A));
        buffers.add(pool.acquire(power / 16 * steps).fill((byte) 0x5A));
      }
    }
    buffers.forEach(pool::release);
    return pool;
  }

  private static Map<Long, Integer> cells(MemoryImage image) {
    TreeMap<Long, Integer> cells = new TreeMap<>();
    List<Long> order = new ArrayList<>();
    image.forEachNonZero(
        (space, pointer, value) -> {
          order.add((long) space << 32 | pointer);
          cells.put((long) space << 32 | pointer, value);
        });
    assertThat(order).containsExactlyElementsOf(cells.keySet()); // ascending, each once
    assertThat(image.nonZeroCells()).isEqualTo(cells.size());
    return cells;
  }

  @ParameterizedTest
  @CsvSource({"0,1", "1,4", "2,11", "2,12", "2,13", "3,29", "16,29", "28,4", "28,29"})
  void cellsOfEveryShape(int asHeight, int pointerMaxBits) {
    MemoryConfig config =
        MemoryConfig.defaults().withAsHeight(asHeight).withPointerMaxBits(pointerMaxBits);
    AddressMap map = new AddressMap(config, dirtyPool());
    TreeMap<Long, Integer> want = new TreeMap<>();
    Random random = new Random(asHeight * 100L + pointerMaxBits);
    int size = config.addressSpaceSize();
    int last = config.lastAddressSpace();
    for (int i = 0; i < 400; i++) {
      int space = i % 4 == 0 ? last : 1 + random.nextInt(last);
      int pointer =
          switch (i % 5) {
            case 0 -> size - 1;
            case 1 -> 0;
            case 2 -> Math.min(size - 1, 4095 + random.nextInt(2));
            default -> random.nextInt(size);
          };
      int value = random.nextInt(3) == 0 ? 0 : random.nextInt(P);
      int before = want.getOrDefault((long) space << 32 | pointer, 0);
      assertThat(map.get(space, pointer)).isEqualTo(before);
      map.set(space, pointer, value);
      want.put((long) space << 32 | pointer, value);
      assertThat(map.get(space, pointer)).isEqualTo(value);
    }
    want.values().removeIf(value -> value == 0);
    assertThat(cells(map)).isEqualTo(want);
    assertThat(cells(AddressMap.copyOf(map, config, dirtyPool()))).isEqualTo(want);
    map.release();
  }

  @Test
  void aMapOverABaseLeavesTheBase() {
    AddressMap base = new AddressMap(CONFIG, dirtyPool());
    base.set(1, 5, 50).set(1, 9000, 90).set(3, 0, 30);
    Map<Long, Integer> before = cells(base);
    AddressMap map = AddressMap.over(base, dirtyPool());
    assertThat(cells(map)).isEqualTo(before);
    assertThat(map.get(1, 9000)).isEqualTo(90);
    map.set(1, 5, 51).set(1, 6, 60).set(2, 4096, 20).set(3, 0, 0);
    int[] out = new int[4];
    map.read(1, 4, 4, out, 0);
    assertThat(out).containsExactly(0, 51, 60, 0);
    map.set(1, 9001, 91);
    assertThat(cells(base)).isEqualTo(before);
    TreeMap<Long, Integer> want = new TreeMap<>();
    want.put(1L << 32 | 5, 51);
    want.put(1L << 32 | 6, 60);
    want.put(1L << 32 | 9000, 90);
    want.put(1L << 32 | 9001, 91);
    want.put(2L << 32 | 4096, 20);
    assertThat(cells(map)).isEqualTo(want);
    AddressMap second = AddressMap.over(map, dirtyPool());
    second.set(1, 9001, 0);
    assertThat(second.get(2, 4096)).isEqualTo(20);
    want.remove(1L << 32 | 9001);
    assertThat(cells(second)).isEqualTo(want);
    second.release();
    map.release();
    assertThat(cells(base)).isEqualTo(before);
  }

  @Test
  void aCopySharesNothing() {
    AddressMap map = new AddressMap(CONFIG);
    map.set(1, 1, 1);
    AddressMap copy = AddressMap.copyOf(map, CONFIG, dirtyPool());
    map.set(1, 1, 2);
    copy.set(1, 2, 3);
    assertThat(copy.get(1, 1)).isEqualTo(1);
    assertThat(map.get(1, 2)).isZero();
    map.release();
    assertThat(copy.get(1, 1)).isEqualTo(1);
  }

  @Test
  void pagesOfSmallSpacesHaveOnlyTheCellsThatExist() {
    MemoryConfig config = CONFIG.withPointerMaxBits(5);
    AddressMap map = new AddressMap(config, dirtyPool());
    map.set(2, 31, 4);
    List<String> pages = new ArrayList<>();
    map.forEachPage(
        (space, first, memory, offset, count) -> {
          assertThat(memory.isReadOnly()).isTrue();
          pages.add(space + " " + first + " " + count);
        });
    assertThat(pages).containsExactly("2 0 32");
  }

  @Test
  void zeroWrittenToAnAbsentPageMakesNone() {
    AddressMap map = new AddressMap(CONFIG);
    map.set(1, 1, 0);
    map.forEachPage((space, first, memory, offset, count) -> assertThat(space).isEqualTo(-1));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "5,0",
    "-1,0",
    "-2147483648,0",
    "2147483647,0",
    "1,16384",
    "1,-1",
    "4,-2147483648",
    "4,2147483647"
  })
  void cellsThatDoNotExist(int space, int pointer) {
    AddressMap map = new AddressMap(CONFIG);
    assertThatThrownBy(() -> map.get(space, pointer))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> map.set(space, pointer, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void valuesThatAreNotCanonical() {
    AddressMap map = new AddressMap(CONFIG);
    for (int value : new int[] {P, P + 1, -1, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> map.set(1, 3, value))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(Integer.toUnsignedString(value));
    }
    assertThat(map.get(1, 3)).isZero();
    map.set(1, 3, P - 1);
    assertThat(map.get(1, 3)).isEqualTo(P - 1);
  }

  @Test
  void aReleasedImageCannotBeRead() {
    AddressMap map = new AddressMap(CONFIG).set(1, 1, 1);
    MemoryImage view = map;
    map.release();
    assertThatThrownBy(() -> view.get(1, 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(view::nonZeroCells).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> map.set(1, 1, 1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void readingInTheMiddleOfAVisitChangesNothing() {
    AddressMap base = new AddressMap(CONFIG, dirtyPool());
    for (int page = 0; page < 4; page++) {
      base.set(1, 4096 * page + 7, page + 1);
    }
    AddressMap map = AddressMap.over(base, new BufferPool(1L << 20)).set(1, 1, 9);
    int[] seen = new int[1];
    map.forEachNonZero(
        (space, pointer, value) -> {
          seen[0]++;
          assertThat(map.get(1, 12_295)).isEqualTo(4);
        });
    assertThat(seen[0]).isEqualTo(5);
  }

  @Test
  void aMapKeepsTheOneBeforeItAlive() {
    BufferPool pool = new BufferPool(1L << 30);
    AddressMap first = new AddressMap(CONFIG, pool).set(1, 1, 1).set(1, 5000, 2);
    AddressMap second = AddressMap.after(first, CONFIG.withClkMaxBits(20), pool).set(1, 1, 3);
    assertThat(second.config().clkMaxBits()).isEqualTo(20);
    AddressMap third = AddressMap.after(second, CONFIG, pool).set(2, 0, 4);
    first.release();
    second.release();
    assertThat(pool.retainedBytes()).isZero();
    assertThat(cells(third)).isEqualTo(Map.of(1L << 32 | 1, 3, 1L << 32 | 5000, 2, 2L << 32, 4));
    third.release();
    assertThat(pool.retainedBytes()).isEqualTo(3L * 16 * 4 * 4096);
    third.release(); // no effect
    assertThatThrownBy(() -> AddressMap.after(third, CONFIG, pool))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("was released");
  }

  @Test
  void settlingChangesNoCellAndGivesMemoryBack() {
    BufferPool pool = new BufferPool(1L << 30);
    AddressMap last = new AddressMap(CONFIG, pool).set(4, 16000, 9);
    Random random = new Random(3);
    for (int i = 0; i < 30; i++) {
      AddressMap next = AddressMap.after(last, CONFIG, pool);
      boolean keep = i % 7 == 3; // somebody still looks at the map before
      Map<Long, Integer> before = cells(last);
      if (!keep) {
        last.release();
      }
      for (int j = 0; j < 5; j++) {
        next.set(1 + random.nextInt(4), random.nextInt(1 << 14), random.nextInt(3));
      }
      Map<Long, Integer> want = cells(next);
      next.settle();
      assertThat(cells(next)).isEqualTo(want);
      if (keep) {
        assertThat(cells(last)).isEqualTo(before);
        last.release();
        next.settle();
        assertThat(cells(next)).isEqualTo(want);
      }
      next.settle();
      last = next;
    }
    last.release();
    // 4 spaces of 4 pages fit in one buffer of 16 pages: more would be layers that were kept apart.
    long one = 16L * 4 * 4096;
    assertThat(pool.retainedBytes()).isLessThanOrEqualTo(3 * one);
  }

  @Test
  void settlingLeavesEverythingBelowAMapOfOthersAlone() {
    BufferPool pool = new BufferPool(1L << 30);
    AddressMap bottom = new AddressMap(CONFIG, pool).set(1, 0, 1);
    AddressMap middle = AddressMap.after(bottom, CONFIG, pool).set(1, 0, 2);
    AddressMap top = AddressMap.after(middle, CONFIG, pool).set(1, 0, 3);
    bottom.release(); // only the middle holds it now, and somebody still has the middle
    top.settle();
    assertThat(pool.retainedBytes()).as("pages of the middle that went back").isZero();
    middle.release();
    top.settle();
    assertThat(pool.retainedBytes()).isPositive();
    assertThat(cells(top)).isEqualTo(Map.of(1L << 32, 3));
    top.release();
  }

  @Test
  void findsTheFirstDifference() {
    AddressMap one = new AddressMap(CONFIG).set(1, 7, 1).set(2, 9000, 5).set(3, 1, 1);
    AddressMap two = new AddressMap(CONFIG).set(1, 7, 1).set(2, 9000, 5).set(3, 1, 1);
    two.set(4, 0, 1).set(4, 0, 0); // a page of zeros is no difference
    assertThat(difference(one, two)).isEmpty();
    two.set(4, 4096, 2);
    assertThat(difference(one, two)).containsExactly(4, 4096, 0);
    assertThat(difference(two, one)).containsExactly(4, 4096, 2);
    one.set(2, 9000, 6);
    assertThat(difference(one, two)).containsExactly(2, 9000, 6);
    two.set(1, 9000, 1); // in a page that the other one has not
    assertThat(difference(one, two)).containsExactly(1, 9000, 0);
    two.set(1, 6, 3).set(1, 8, 3);
    assertThat(difference(one, two)).containsExactly(1, 6, 0);
    one.set(1, 5, 4);
    assertThat(difference(one, two)).containsExactly(1, 5, 4);
  }

  private static List<Integer> difference(AddressMap map, AddressMap other) {
    List<Integer> found = new ArrayList<>();
    boolean there =
        map.firstDifference(
            other, (space, pointer, value) -> found.addAll(List.of(space, pointer, value)));
    assertThat(there).isEqualTo(!found.isEmpty());
    return found;
  }
}
