// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.trace;

import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.poseidon2.Poseidon2Rows;
import java.lang.foreign.MemorySegment;

/** Rows of the Poseidon2 periphery: one permutation and its multiplicity each. */
public final class Poseidon2Trace {
  private static final int STATE = 16;
  private static final long GRAIN = 256;

  private Poseidon2Trace() {}

  /**
   * Fills a trace. Padding rows are the permutation of zeros with multiplicity 0.
   *
   * @param workers threads that share the work
   * @param inputs rows of 16 input words and a multiplicity
   * @param registers S-box registers, 0 or 1
   * @param height rows of the trace, at least the distinct inputs
   * @param rows receives the trace
   */
  public static void fill(
      Workers workers, MemorySegment inputs, int registers, long height, MemorySegment rows) {
    int width = Poseidon2Air.width(registers);
    int inputRow = 4 * Poseidon2Periphery.ROW_WORDS;
    long used = inputs.byteSize() / inputRow;
    workers.forRange(
        used,
        GRAIN,
        (from, to) -> {
          int[] input = new int[STATE];
          for (long row = from; row < to; row++) {
            MemorySegment.copy(inputs, IntBuffer64.WORD, row * inputRow, input, 0, STATE);
            Poseidon2Rows.fill(input, registers, rows, row * width);
            int multiplicity = inputs.get(IntBuffer64.WORD, row * inputRow + 4 * STATE);
            rows.set(IntBuffer64.WORD, 4 * (row * width + width - 1), multiplicity);
          }
        });
    if (height > used) {
      long first = 4L * width * used;
      Poseidon2Rows.fill(new int[STATE], registers, rows, width * used);
      rows.set(IntBuffer64.WORD, first + 4L * (width - 1), 0);
      workers.forRange(
          height - used - 1,
          GRAIN,
          (from, to) -> {
            for (long row = from; row < to; row++) {
              MemorySegment.copy(rows, first, rows, first + 4L * width * (row + 1), 4L * width);
            }
          });
    }
  }
}
