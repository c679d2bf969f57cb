// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.air.RangeCheckerAir;
import dev.memtrace.log.MemoryRecord;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeripheryTest {
  private static final int P = 2013265921;

  private static VariableRangeChecker checker(int bits) {
    return new VariableRangeChecker(new RangeCheckerBus(7, bits));
  }

  // Range checker.

  @Test
  void countsGoToTheRowOfThePair() {
    VariableRangeChecker checker = checker(4);
    assertThat(checker.counts()).hasSize(32).containsOnly(0);
    checker.addCount(0, 0); // row 1, not row 0
    checker.addCount(15, 4);
    checker.addCount(15, 4);
    checker.addCount(0, 4);
    checker.addCount(1, 1);
    int[] want = new int[32];
    want[1] = 1;
    want[31] = 2;
    want[16] = 1;
    want[3] = 1;
    assertThat(checker.counts()).isEqualTo(want);
    assertThat(checker.count(31)).isEqualTo(2);
    checker.counts()[0] = 5;
    assertThat(checker.count(0)).isZero();
    checker.clear();
    assertThat(checker.counts()).containsOnly(0);
  }

  @ParameterizedTest
  @CsvSource({"1,0", "16,4", "-1,4", "2,1", "0,5", "0,-1", "-2147483648,4", "0,32", "0,33"})
  void numbersThatAreNotInTheTable(int value, int bits) {
    VariableRangeChecker checker = checker(4);
    assertThatThrownBy(() -> checker.addCount(value, bits))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(checker.counts()).containsOnly(0);
  }

  @Test
  void limbs() {
    VariableRangeChecker checker = checker(4);
    checker.addLimbs(0xAB, 8); // 11 and 10 of 4 bits
    checker.addLimbs(0x1F, 5); // 15 of 4 bits, 1 of 1 bit
    checker.addLimbs(5, 3); // 5 of 3 bits, 0 of 0 bits
    int[] want = new int[32];
    want[16 + 11]++;
    want[16 + 10]++;
    want[16 + 15]++;
    want[2 + 1]++;
    want[8 + 5]++;
    want[1]++;
    assertThat(checker.counts()).isEqualTo(want);
  }

  @Test
  void aRefusedNumberOfTwoLimbsCountsNothing() {
    VariableRangeChecker checker = checker(4);
    assertThatThrownBy(() -> checker.addLimbs(0x20, 5))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> checker.addLimbs(1, 9)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> checker.addLimbs(-1, 8)).isInstanceOf(IllegalArgumentException.class);
    assertThat(checker.counts()).containsOnly(0);
  }

  @Test
  void aTableIsAddedAsAWholeOrNotAtAll() {
    VariableRangeChecker checker = new VariableRangeChecker(new RangeCheckerBus(1, 3));
    int[] table = new int[16];
    table[3] = 5;
    table[15] = P - 1;
    checker.addTable(MemorySegment.ofArray(table));
    assertThat(checker.counts()).isEqualTo(table);
    for (int tooMuch : new int[] {1, P, -1}) {
      int[] more = new int[16];
      more[3] = 7;
      more[15] = tooMuch;
      assertThatThrownBy(() -> checker.addTable(MemorySegment.ofArray(more)))
          .isInstanceOf(TraceLimitException.class)
          .hasMessageContaining("row 15")
          .hasMessageContaining(Integer.toUnsignedString(tooMuch));
      assertThat(checker.counts()).isEqualTo(table);
    }
    assertThatThrownBy(() -> checker.addTable(MemorySegment.ofArray(new int[15])))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aMultiplicityStaysBelowP() {
    VariableRangeChecker checker = checker(4);
    checker.addRow(9, P - 2);
    checker.addRow(9, 1);
    assertThatThrownBy(() -> checker.addRow(9, 1)).isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> checker.addCount(1, 3)).isInstanceOf(ArithmeticException.class);
    assertThat(checker.count(9)).isEqualTo(P - 1);
    checker.addRow(8, 5);
    assertThatThrownBy(() -> checker.addRow(8, P - 5)).isInstanceOf(ArithmeticException.class);
    assertThat(checker.count(8)).isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 12, 20, 21})
  void aTallyCountsWhatTheCheckerCounts(int limbBits) {
    for (long requests : new long[] {0, 1, 10_000_000}) {
      Random random = new Random(limbBits);
      VariableRangeChecker direct = checker(limbBits);
      VariableRangeChecker tallied = checker(limbBits);
      RangeTally tally = new RangeTally(tallied, requests);
      for (int i = 0; i < 2000; i++) {
        int bits = 1 + random.nextInt(Math.min(29, 2 * limbBits));
        int value = random.nextInt(3) == 0 ? 0 : random.nextInt(1 << bits);
        direct.addLimbs(value, bits);
        tally.limbs(value, bits);
        if (i % 10 == 0) {
          int small = random.nextInt(1 << limbBits);
          for (int k = 0; k < 3; k++) {
            direct.addCount(small, limbBits);
          }
          tally.single(small, limbBits, 3);
        }
      }
      tallied.addAll(List.of(tally));
      assertThat(tallied.counts()).isEqualTo(direct.counts());
    }
  }

  @Test
  void talliesAreAddedAllOrNone() {
    VariableRangeChecker checker = checker(4);
    checker.addRow(RangeCheckerAir.row(5, 4), P - 2);
    int[] before = checker.counts();
    RangeTally fits = new RangeTally(checker, 100);
    fits.limbs(3, 8);
    RangeTally overflows = new RangeTally(checker, 0);
    overflows.single(1, 4, 7);
    overflows.single(5, 4, 2);
    assertThatThrownBy(() -> checker.addAll(List.of(fits, overflows)))
        .isInstanceOf(ArithmeticException.class);
    assertThat(checker.counts()).isEqualTo(before);
    checker.addAll(List.of(fits));
    assertThat(checker.count(RangeCheckerAir.row(3, 4))).isEqualTo(1);
    assertThat(checker.count(RangeCheckerAir.row(0, 4))).isEqualTo(1);
  }

  @Test
  void manyThreadsShareAChecker() throws Exception {
    VariableRangeChecker checker = checker(3);
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        done.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < 50_000; i++) {
                    checker.addCount(i % 8, 3);
                  }
                }));
      }
      for (Future<?> future : done) {
        future.get();
      }
    }
    for (int row = 8; row < 16; row++) {
      assertThat(checker.count(row)).isEqualTo(25_000);
    }
  }

  @Test
  void busesHave16Bits() {
    for (int index : new int[] {-1, 65_536, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> new MemoryBus(index)).hasMessageContaining(String.valueOf(index));
      assertThatThrownBy(() -> new MerkleBus(index)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new CompressionBus(index))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new RangeCheckerBus(index, 5))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(new MemoryBus(65_535).index()).isEqualTo(65_535);
    for (int bits : new int[] {0, 27, -1}) {
      assertThatThrownBy(() -> new RangeCheckerBus(0, bits))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("rangeMaxBits is " + bits);
    }
  }

  // Poseidon2 recorder.

  private static List<String> rows(Poseidon2Periphery hasher) {
    int[] words = hasher.inputs().toArray(ValueLayout.JAVA_INT_UNALIGNED);
    assertThat(words.length).isEqualTo(17 * hasher.size());
    List<String> rows = new ArrayList<>();
    for (int row = 0; row < hasher.size(); row++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 17; i++) {
        text.append(words[17 * row + i]).append(i == 15 ? " x " : " ");
      }
      rows.add(text.toString().trim());
    }
    return rows;
  }

  @Test
  void equalInputsShareARowInTheOrderOfFirstRequest() {
    Random random = new Random(8);
    Map<String, Integer> want = new LinkedHashMap<>();
    try (Poseidon2Periphery hasher = new Poseidon2Periphery(new BufferPool(1 << 26))) {
      for (int i = 0; i < 30_000; i++) {
        int[] left = new int[8];
        int[] right = new int[8];
        left[random.nextInt(8)] = random.nextInt(600);
        right[random.nextInt(8)] = random.nextInt(3) == 0 ? P - 1 : 0;
        StringBuilder key = new StringBuilder();
        for (int x : left) {
          key.append(x).append(' ');
        }
        for (int x : right) {
          key.append(x).append(' ');
        }
        want.merge(key.append("x").toString(), 1, Integer::sum);
        hasher.recordCompression(left, right);
      }
      List<String> lines = new ArrayList<>();
      want.forEach((key, count) -> lines.add(key + " " + count));
      assertThat(lines.size()).isGreaterThan(10_000);
      assertThat(rows(hasher)).isEqualTo(lines);
    }
  }

  @Test
  void shortInputsEqualLongOnesThatEndInZeros() {
    int[] source = new int[100];
    for (int i = 0; i < 8; i++) {
      source[10 + i] = i;
      source[40 + i] = i;
    }
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      MemorySegment memory = MemorySegment.ofArray(source);
      hasher.recordAll(memory, 10, 30, 8, 2);
      hasher.recordAll(memory, 40, 0, 16, 1);
      hasher.recordAll(memory, 60, 16, 16, 2);
      hasher.recordAll(memory, 0, 16, 16, 0);
      assertThat(rows(hasher))
          .containsExactly(
              "0 1 2 3 4 5 6 7 0 0 0 0 0 0 0 0 x 3", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 x 2");
      assertThatThrownBy(() -> hasher.recordAll(memory, 0, 16, 12, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(hasher.size()).isEqualTo(2);
    }
  }

  /** Inputs that differ only in their right half meet on their way through the table. */
  @Test
  void shortInputsDifferFromLongOnesWithTheSameBeginning() {
    int[] left = {1, 2, 3, 4, 5, 6, 7, 8};
    for (int round = 0; round < 20; round++) {
      try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
        for (int i = 1; i <= 1000; i++) {
          hasher.recordCompression(left, new int[] {0, 0, 0, 0, 0, 0, 0, i});
        }
        hasher.recordAll(MemorySegment.ofArray(left), 0, 0, 8, 1);
        assertThat(hasher.size()).isEqualTo(1001);
      }
    }
  }

  @Test
  void inputsThatAreNotCanonical() {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      int[] bad = {0, 0, 0, 0, 0, 0, 0, P};
      assertThatThrownBy(() -> hasher.recordCompression(bad, new int[8]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("2013265921");
      assertThatThrownBy(() -> hasher.recordCompression(new int[8], bad))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(hasher.size()).isZero();
    }
  }

  @Test
  void manyThreadsShareARecorder() throws Exception {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery();
        ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        done.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < 5000; i++) {
                    hasher.recordCompression(new int[] {i % 2000, 0, 0, 0, 0, 0, 0, 0}, new int[8]);
                  }
                }));
      }
      for (Future<?> future : done) {
        future.get();
      }
      assertThat(hasher.size()).isEqualTo(2000);
      int[] words = hasher.inputs().toArray(ValueLayout.JAVA_INT_UNALIGNED);
      long sum = 0;
      for (int row = 0; row < 2000; row++) {
        assertThat(words[17 * row + 16]).isEqualTo(words[17 * row] < 1000 ? 12 : 8);
        sum += words[17 * row + 16];
      }
      assertThat(sum).isEqualTo(20_000);
    }
  }

  @Test
  void aClosedRecorderRefuses() {
    Poseidon2Periphery hasher = new Poseidon2Periphery();
    hasher.close();
    hasher.close();
    assertThatThrownBy(() -> hasher.recordCompression(new int[8], new int[8]))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(hasher::inputs).isInstanceOf(IllegalStateException.class);
  }

  // Auxiliary columns.

  @Test
  void writeColumnsTakeEverySize() {
    VariableRangeChecker checker = checker(17);
    MemoryAuxColsFactory factory = new MemoryAuxColsFactory(checker, 29);
    for (int n = 1; n <= 32; n *= 2) {
      int[] previous = new int[n];
      for (int i = 0; i < n; i++) {
        previous[i] = P - 1 - i;
      }
      MemoryWriteAuxCols columns = new MemoryWriteAuxCols(n);
      factory.generateWriteAux(
          new MemoryRecord(1, 2, 3, (1 << 29) - 1, 5, new int[n], previous), columns);
      int[] row = new int[3 + n];
      columns.copyTo(row, 0);
      int difference = (1 << 29) - 1 - 5 - 1;
      assertThat(row[0]).isEqualTo(5);
      assertThat(row[1] + (row[2] << 17)).isEqualTo(difference);
      assertThat(row[1]).isLessThan(1 << 17);
      for (int i = 0; i < n; i++) {
        assertThat(row[3 + i]).isEqualTo(previous[i]);
        assertThat(columns.prevData(i)).isEqualTo(previous[i]);
      }
      assertThat(columns.size()).isEqualTo(n);
      assertThat(columns.width()).isEqualTo(3 + n);
    }
  }

  @Test
  void newColumnsAreZero() {
    int[] row = {1, 1, 1, 1, 1};
    new MemoryReadOrImmediateAuxCols().copyTo(row, 0);
    assertThat(row).containsOnly(0);
    assertThat(new MemoryReadOrImmediateAuxCols().width()).isEqualTo(5);
    assertThat(new MemoryReadAuxCols().width()).isEqualTo(3);
  }
}
