// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.air.TraceHeight;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.SparseMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HostTraceMatrixTest {
  @TempDir private Path temp;

  @Test
  void aCopyOfCells() {
    int[] cells = {1, 2, 3, 4, 5, 6};
    try (HostTraceMatrix matrix = HostTraceMatrix.copyOf(cells, 3)) {
      cells[5] = 0;
      assertThat(matrix.height()).isEqualTo(2);
      assertThat(matrix.width()).isEqualTo(3);
      assertThat(matrix.get(1, 2)).isEqualTo(6);
    }
    assertThatThrownBy(() -> HostTraceMatrix.copyOf(cells, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("6 cells are not whole rows of 4 columns");
    try (HostTraceMatrix empty = HostTraceMatrix.copyOf(new int[0], 4)) {
      assertThat(empty.height()).isZero();
    }
  }

  private static final long P = 2013265921;

  private static int encode(int canonical, FieldEncoding encoding) {
    return encoding == FieldEncoding.CANONICAL
        ? canonical
        : (int) (((long) canonical << 32 >>> 1) % P * 2 % P); // times 2^32, without overflow
  }

  private static HostTraceMatrix matrix(
      int[][] rows, int width, TraceOrder order, FieldEncoding encoding, BufferPool pool) {
    int height = rows.length;
    MemorySegment buffer = pool.acquire(4L * height * width);
    buffer.fill((byte) 0x77);
    for (int r = 0; r < height; r++) {
      for (int c = 0; c < width; c++) {
        long word = order == TraceOrder.ROW_MAJOR ? (long) r * width + c : (long) c * height + r;
        buffer.setAtIndex(ValueLayout.JAVA_INT, word, encode(rows[r][c], encoding));
      }
    }
    return new HostTraceMatrix(pool, buffer, height, width, order, encoding);
  }

  @ParameterizedTest
  @CsvSource({"0,12", "1,1", "1,12", "2,41", "64,3", "128,300", "256,5"})
  void everyOrderAndEncoding(int height, int width) {
    Random random = new Random(height + width);
    int[][] rows = new int[height][width];
    for (int[] row : rows) {
      for (int c = 0; c < width; c++) {
        row[c] = c == 0 ? (int) (P - 1) : random.nextInt((int) P);
      }
    }
    BufferPool pool = new BufferPool(1 << 24);
    for (TraceOrder order : TraceOrder.values()) {
      for (FieldEncoding encoding : FieldEncoding.values()) {
        HostTraceMatrix matrix = matrix(rows, width, order, encoding, pool);
        assertThat(matrix.byteSize()).isEqualTo(4L * height * width);
        assertThat(matrix.segment().byteSize()).isEqualTo(4L * height * width);
        assertThat(matrix.segment().isReadOnly()).isTrue();
        assertThat(matrix.order()).isEqualTo(order);
        assertThat(matrix.encoding()).isEqualTo(encoding);
        assertThat(matrix.location()).isEqualTo(TraceMatrix.Location.HOST);
        for (int r = 0; r < height; r++) {
          for (int c = 0; c < width; c++) {
            assertThat(matrix.get(r, c)).isEqualTo(rows[r][c]);
          }
        }
        for (TraceOrder wantedOrder : TraceOrder.values()) {
          for (FieldEncoding wanted : FieldEncoding.values()) {
            int[] got = new int[height * width + 1];
            got[height * width] = -7;
            matrix.copyTo(MemorySegment.ofArray(got), wantedOrder, wanted);
            for (int r = 0; r < height; r++) {
              for (int c = 0; c < width; c++) {
                int word = wantedOrder == TraceOrder.ROW_MAJOR ? r * width + c : c * height + r;
                assertThat(got[word]).isEqualTo(encode(rows[r][c], wanted));
              }
            }
            assertThat(got[height * width]).isEqualTo(-7);
          }
        }
        matrix.close();
      }
    }
  }

  @Test
  void montgomeryFormOfKnownNumbers() {
    assertThat(encode(1, FieldEncoding.MONTGOMERY)).isEqualTo(268435454);
    int[][] one = {{1}};
    try (HostTraceMatrix matrix =
        matrix(one, 1, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL, new BufferPool(1 << 16))) {
      int[] got = new int[1];
      matrix.copyTo(MemorySegment.ofArray(got), TraceOrder.ROW_MAJOR, FieldEncoding.MONTGOMERY);
      assertThat(got[0]).isEqualTo(268435454);
    }
  }

  @Test
  void cellsAndTargetsThatDoNotFit() {
    int[][] rows = new int[4][3];
    try (HostTraceMatrix matrix =
        matrix(rows, 3, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL, new BufferPool(1 << 16))) {
      assertThatThrownBy(() -> matrix.get(4, 0)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> matrix.get(-1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> matrix.get(0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> matrix.get(0, -1)).isInstanceOf(IndexOutOfBoundsException.class);
      MemorySegment small = MemorySegment.ofArray(new int[11]);
      for (TraceOrder order : TraceOrder.values()) {
        for (FieldEncoding encoding : FieldEncoding.values()) {
          assertThatThrownBy(() -> matrix.copyTo(small, order, encoding))
              .isInstanceOf(IndexOutOfBoundsException.class);
        }
      }
      assertThat(small.toArray(ValueLayout.JAVA_INT)).containsOnly(0);
    }
    BufferPool pool = new BufferPool(0);
    MemorySegment buffer = pool.acquire(4096);
    assertThatThrownBy(
            () ->
                new HostTraceMatrix(
                    pool, buffer, 1025, 1, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aClosedMatrixGivesItsBufferBackOnce() {
    BufferPool pool = new BufferPool(1 << 20);
    int[][] rows = new int[4][3];
    HostTraceMatrix matrix = matrix(rows, 3, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL, pool);
    assertThat(matrix.address()).isNotZero();
    matrix.close();
    assertThat(pool.retainedBytes()).isEqualTo(4096);
    matrix.close();
    assertThat(pool.retainedBytes()).isEqualTo(4096);
    assertThatThrownBy(matrix::address).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(matrix::segment).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> matrix.get(0, 0)).isInstanceOf(IllegalStateException.class);
    MemorySegment target = MemorySegment.ofArray(new int[12]);
    assertThatThrownBy(
            () -> matrix.copyTo(target, TraceOrder.COLUMN_MAJOR, FieldEncoding.CANONICAL))
        .isInstanceOf(IllegalStateException.class);
  }

  /** The highest trace, and more cells than an int can count. */
  @ParameterizedTest
  @EnumSource(TraceOrder.class)
  void cellsBehindTwoToThe31(TraceOrder order) {
    long height = TraceHeight.MAX;
    int width = 20;
    MemorySegment buffer = SparseMemory.allocate(temp, 4 * height * width);
    try (HostTraceMatrix matrix =
        new HostTraceMatrix(
            new BufferPool(0), buffer, height, width, order, FieldEncoding.CANONICAL)) {
      assertThat(matrix.byteSize()).isEqualTo(80L << 27);
      long cells = height * width;
      buffer.setAtIndex(ValueLayout.JAVA_INT, cells - 1, 7);
      buffer.setAtIndex(ValueLayout.JAVA_INT, cells - 1 - (1L << 31), 8);
      assertThat(matrix.get(height - 1, width - 1)).isEqualTo(7);
      long before = cells - 1 - (1L << 31);
      boolean rows = order == TraceOrder.ROW_MAJOR;
      long row = rows ? before / width : before % height;
      int column = (int) (rows ? before % width : before / height);
      assertThat(matrix.get(row, column)).isEqualTo(8);
      assertThat(matrix.segment().byteSize()).isEqualTo(4 * cells);
    }
  }
}
