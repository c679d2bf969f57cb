// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.trace;

import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryDimensions;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import dev.memtrace.merkle.TouchedChunks;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.replay.TouchedBlocks;
import java.lang.foreign.MemorySegment;

/**
 * Rows of the persistent boundary: an initial and a final row for each touched chunk, in ascending
 * order. The memory tree reads the chunks from these rows and writes their hashes into them.
 */
public final class PersistentBoundaryTrace implements TouchedChunks {
  private static final int ROW_BYTES = 4 * PersistentBoundaryAir.WIDTH;
  private static final int CHUNK = MemoryConfig.CHUNK;

  private final MemorySegment rows;
  private final MemoryDimensions dimensions;
  private final int count;

  /**
   * Fills everything but the hashes.
   *
   * @param workers threads that share the work
   * @param touched the touched chunks after the finalisation pass
   * @param initial memory before the segment
   * @param rows receives two rows for each touched chunk
   */
  public PersistentBoundaryTrace(
      Workers workers, TouchedBlocks touched, AddressMap initial, MemorySegment rows) {
    this.rows = rows;
    this.dimensions = initial.config().dimensions();
    this.count = Math.toIntExact(touched.count());
    workers.forRange(
        touched.pages(),
        1,
        (from, to) -> {
          int[] before = new int[CHUNK];
          for (int page = (int) from; page < to; page++) {
            touched.forEachInPage(
                page,
                (ordinal, space, pointer, timestamp, memory, offset) -> {
                  long first = 2 * ordinal * ROW_BYTES;
                  initial.read(space, pointer, CHUNK, before, 0);
                  head(first, 1, space, pointer, 0);
                  MemorySegment.copy(
                      before,
                      0,
                      rows,
                      IntBuffer64.WORD,
                      first + 4 * PersistentBoundaryAir.VALUES,
                      CHUNK);
                  long second = first + ROW_BYTES;
                  head(second, BabyBear.P - 1, space, pointer, timestamp);
                  MemorySegment.copy(
                      memory, offset, rows, second + 4 * PersistentBoundaryAir.VALUES, 4 * CHUNK);
                });
          }
        });
  }

  private void head(long row, int direction, int space, int pointer, int timestamp) {
    rows.set(IntBuffer64.WORD, row, direction);
    rows.set(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.SPACE, space);
    rows.set(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.LABEL, pointer / CHUNK);
    rows.set(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.TIMESTAMP, timestamp);
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public long leaf(int i) {
    long row = initialRow(i);
    return dimensions.leafIndex(
        rows.get(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.SPACE),
        rows.get(IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.LABEL));
  }

  @Override
  public void initialValues(int i, int[] out, int offset) {
    values(initialRow(i), out, offset);
  }

  @Override
  public void finalValues(int i, int[] out, int offset) {
    values(initialRow(i) + ROW_BYTES, out, offset);
  }

  @Override
  public void initialHash(int i, int[] digest, int offset) {
    hash(initialRow(i), digest, offset);
  }

  @Override
  public void finalHash(int i, int[] digest, int offset) {
    hash(initialRow(i) + ROW_BYTES, digest, offset);
  }

  private static long initialRow(int i) {
    return 2L * i * ROW_BYTES;
  }

  private void values(long row, int[] out, int offset) {
    MemorySegment.copy(
        rows, IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.VALUES, out, offset, CHUNK);
  }

  private void hash(long row, int[] digest, int offset) {
    MemorySegment.copy(
        digest, offset, rows, IntBuffer64.WORD, row + 4 * PersistentBoundaryAir.HASH, CHUNK);
  }
}
