// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Batches of Poseidon2 inputs that a backend hands over. */
class RecordedInputsTest {
  private static final int P = 2013265921;
  private static final int CASES = 400;

  /** Inputs with multiplicities, in the order of first request. */
  private static final class Expected {
    private final Map<List<Integer>, Integer> counts = new LinkedHashMap<>();

    void add(int... input) {
      counts.merge(Arrays.stream(input).boxed().toList(), 1, Integer::sum);
    }

    int[] rows() {
      int[] rows = new int[17 * counts.size()];
      int at = 0;
      for (Map.Entry<List<Integer>, Integer> row : counts.entrySet()) {
        for (int element : row.getKey()) {
          rows[at++] = element;
        }
        rows[at++] = row.getValue();
      }
      return rows;
    }
  }

  /** A batch in an array that says what was done with it. */
  private static final class Batch implements RecordedInputs {
    private final int[] rows;
    private final long requests;
    private int copies;
    private int closings;
    private RuntimeException failure = new IllegalStateException("not yet");
    private int failures;

    Batch(int[] rows) {
      this.rows = rows;
      long sum = 0;
      for (int i = 16; i < rows.length; i += 17) {
        sum += rows[i];
      }
      this.requests = sum;
    }

    Batch failing(RuntimeException with) {
      failure = with;
      failures = 1;
      return this;
    }

    @Override
    public long size() {
      return rows.length / 17;
    }

    @Override
    public long requests() {
      return requests;
    }

    @Override
    public void copyTo(MemorySegment target) {
      assertThat(closings).isZero();
      if (failures-- > 0) {
        MemorySegment.copy(rows, 0, target, ValueLayout.JAVA_INT_UNALIGNED, 0, 17);
        throw failure;
      }
      copies++;
      MemorySegment.copy(rows, 0, target, ValueLayout.JAVA_INT_UNALIGNED, 0, rows.length);
    }

    @Override
    public void close() {
      closings++;
    }
  }

  /** A batch of size and requests alone. */
  private record Claim(long size, long requests) implements RecordedInputs {
    @Override
    public void copyTo(MemorySegment target) {
      throw new AssertionError("must not be read");
    }

    @Override
    public void close() {
      throw new AssertionError("must not be closed");
    }
  }

  private static int[] rows(Poseidon2Periphery hasher) {
    int[] rows = hasher.inputs().toArray(ValueLayout.JAVA_INT_UNALIGNED);
    assertThat(rows.length).isEqualTo(17 * hasher.size());
    return rows;
  }

  private static int[] input(int first) {
    int[] input = new int[16];
    input[0] = first;
    return input;
  }

  private static Batch batch(int... firsts) {
    Expected expected = new Expected();
    for (int first : firsts) {
      expected.add(input(first));
    }
    return new Batch(expected.rows());
  }

  @Test
  void aBatchThatIsAllStaysWhereItIs() {
    Batch batch = batch(3, 1, 3);
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      assertThat(hasher.<Integer>whereTheyLie(_ -> Optional.of(1))).isEmpty();
      hasher.record(batch);
      assertThat(hasher.size()).isEqualTo(2);
      hasher.reserve(0);
      hasher.recordAll(MemorySegment.ofArray(new int[0]), 0, 16, 16, 0);
      assertThat(hasher.<RecordedInputs>whereTheyLie(Optional::of)).containsSame(batch);
      assertThat(batch.copies).isZero();
      assertThat(rows(hasher)).isEqualTo(batch.rows);
      assertThat(batch.copies).isOne();
      assertThat(batch.closings).isOne();
      assertThat(hasher.<Integer>whereTheyLie(_ -> Optional.of(1))).isEmpty();
      assertThat(rows(hasher)).isEqualTo(batch.rows);
      assertThat(batch.copies).isOne();
    }
    assertThat(batch.closings).isOne();
  }

  @Test
  void aClosedRecorderHasClosedItsBatch() {
    Batch batch = batch(5);
    Poseidon2Periphery hasher = new Poseidon2Periphery();
    hasher.record(batch);
    hasher.close();
    hasher.close();
    assertThat(batch.closings).isOne();
    assertThat(hasher.size()).isZero();
    assertThatThrownBy(() -> hasher.record(batch(1))).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> hasher.whereTheyLie(Optional::of))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anEmptyBatchIsClosedAtOnce() {
    Batch empty = batch();
    Batch alone = batch(7);
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      hasher.record(empty);
      assertThat(empty.closings).isOne();
      assertThat(hasher.size()).isZero();
      hasher.record(alone);
      assertThat(alone.closings).isZero();
    }
  }

  /** Single inputs, runs of inputs and batches in any order are as if each came alone. */
  @Test
  void whateverTheOrderInputsAreMergedByFirstRequest() {
    for (int seed = 0; seed < CASES; seed++) {
      Random random = new Random(seed);
      Expected want = new Expected();
      List<Batch> batches = new ArrayList<>();
      BufferPool pool = new BufferPool(1 << 26);
      try (Poseidon2Periphery hasher = new Poseidon2Periphery(pool)) {
        int steps = 1 + random.nextInt(6);
        int kinds = 1 + random.nextInt(seed % 10 == 0 ? 8000 : 40);
        for (int step = 0; step < steps; step++) {
          int count = random.nextInt(seed % 10 == 0 ? 6000 : 30);
          int[] flat = new int[16 * count];
          Expected ofBatch = new Expected();
          for (int i = 0; i < count; i++) {
            int[] input = new int[16];
            input[random.nextInt(16)] = random.nextInt(kinds) * (P / 8000);
            System.arraycopy(input, 0, flat, 16 * i, 16);
            want.add(input);
            ofBatch.add(input);
          }
          if (random.nextBoolean()) {
            Batch batch = new Batch(ofBatch.rows());
            batches.add(batch);
            hasher.record(batch);
          } else {
            hasher.recordAll(MemorySegment.ofArray(flat), 0, 16, 16, count);
          }
          if (random.nextInt(5) == 0) {
            assertThat(hasher.size()).as("seed %d", seed).isEqualTo(want.counts.size());
            assertThat(rows(hasher)).as("seed %d", seed).isEqualTo(want.rows());
          }
        }
        assertThat(rows(hasher)).as("seed %d", seed).isEqualTo(want.rows());
      }
      assertThat(batches).as("seed %d", seed).allMatch(batch -> batch.closings == 1);
    }
  }

  @Test
  void aBatchBeyondTheLimitsChangesNothing() {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      assertThatThrownBy(() -> hasher.record(new Claim((1 << 27) + 1, (1 << 27) + 1)))
          .isInstanceOf(TraceLimitException.class)
          .hasMessageContaining("134217729");
      assertThatThrownBy(() -> hasher.record(new Claim(1, P)))
          .isInstanceOf(TraceLimitException.class)
          .hasMessageContaining("2013265921");
      Batch batch = batch(1, 2, 1);
      hasher.record(batch);
      assertThatThrownBy(() -> hasher.record(new Claim((1 << 27) - 1, (1 << 27) - 1)))
          .isInstanceOf(TraceLimitException.class)
          .hasMessageContaining("2 distinct");
      assertThatThrownBy(() -> hasher.record(new Claim(1, P - 3)))
          .isInstanceOf(TraceLimitException.class)
          .hasMessageContaining("3 Poseidon2 inputs");
      assertThatThrownBy(() -> hasher.reserve(1 << 27)).isInstanceOf(TraceLimitException.class);
      assertThat(batch.copies).isZero();
      assertThat(rows(hasher)).isEqualTo(batch.rows);
    }
  }

  @Test
  void aBatchThatCannotBeReadIsStillThere() {
    IllegalStateException failure = new IllegalStateException("test");
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      Batch first = batch(4, 4).failing(failure);
      hasher.record(first);
      assertThatThrownBy(hasher::inputs).isEqualTo(failure);
      assertThat(hasher.size()).isOne();
      first.failing(failure);
      assertThatThrownBy(() -> hasher.recordCompression(new int[8], new int[8])).isEqualTo(failure);
      first.failing(failure);
      assertThatThrownBy(() -> hasher.record(batch(1))).isEqualTo(failure);
      assertThat(first.closings).isZero();
      Batch second = batch(9, 4).failing(failure);
      assertThatThrownBy(() -> hasher.record(second)).isEqualTo(failure);
      assertThat(second.closings).isZero();
      assertThat(rows(hasher)).isEqualTo(batch(4, 4).rows);
      hasher.record(second);
      assertThat(second.closings).isOne();
      assertThat(rows(hasher)).isEqualTo(batch(4, 4, 9, 4).rows);
    }
  }

  @Test
  void aBatchThatIsWrongIsRefused() {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      hasher.recordCompression(new int[8], new int[8]);
      int[] wrong = batch(1).rows;
      wrong[15] = P;
      assertThatThrownBy(() -> hasher.record(new Batch(wrong)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("2013265921");
      Batch miscounted = batch(1);
      miscounted.rows[16] = 2;
      assertThatThrownBy(() -> hasher.record(miscounted))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("batch of 1", "add up to 2");
      assertThat(rows(hasher)).isEqualTo(batch(0).rows);
    }
  }

  @Test
  void batchesAndInputsOfManyThreads() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (Poseidon2Periphery hasher = new Poseidon2Periphery();
          ExecutorService pool = Executors.newFixedThreadPool(4)) {
        List<Future<?>> done = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
          boolean batches = t % 2 == 0;
          done.add(
              pool.submit(
                  () -> {
                    for (int i = 0; i < 100; i++) {
                      if (batches) {
                        hasher.record(batch(i, i + 1));
                      } else {
                        hasher.recordAll(MemorySegment.ofArray(input(i)), 0, 16, 16, 1);
                      }
                      if (i % 10 == 0) {
                        assertThat(hasher.size()).isPositive();
                      }
                    }
                  }));
        }
        for (Future<?> future : done) {
          future.get();
        }
        int[] rows = rows(hasher);
        assertThat(rows.length).isEqualTo(17 * 101);
        for (int i = 0; i < rows.length; i += 17) {
          int want = rows[i] == 0 ? 4 : rows[i] == 100 ? 2 : 6;
          assertThat(rows[i + 16]).as("input %d", rows[i]).isEqualTo(want);
        }
      }
    }
  }
}
