// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowSorterTest {

  @ParameterizedTest(name = "{0} rows of {1} words with {2} values")
  @CsvSource({
    "0, 3, 2", "1, 3, 2", "2, 1, 2", "50, 4, 2", "1000, 1, 2000000000", "1000, 2, 3",
    "3000, 3, 2", "3000, 7, 1", "3000, 7, 2", "5000, 5, 0", "20000, 3, 40", "300, 300, 2",
  })
  void sortsLikeTheObviousWay(int rows, int width, int values) {
    Random random = new Random(rows * 31L + width);
    int[][] table = new int[rows][width];
    for (int[] row : table) {
      for (int i = 0; i < width; i++) {
        // No bound: all words, those with the top bit too.
        row[i] = values == 0 ? random.nextInt() : random.nextInt(values);
      }
    }
    int[] flat = Arrays.stream(table).flatMapToInt(Arrays::stream).toArray();

    int[] order = RowSorter.order(MemorySegment.ofArray(flat), rows, width);

    int[][] sorted = Arrays.stream(order).mapToObj(row -> table[row]).toArray(int[][]::new);
    int[][] expected = table.clone();
    Arrays.sort(expected, Arrays::compareUnsigned);
    assertThat(sorted).isDeepEqualTo(expected);
    assertThat(Arrays.stream(order).sorted()).hasSize(rows).doesNotHaveDuplicates();
  }
}
