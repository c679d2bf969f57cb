// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.simd;

import dev.memtrace.poseidon2.Poseidon2Batch;
import java.lang.foreign.MemorySegment;

/** The batch in vector instructions of the processor, straight on the arrays of the caller. */
final class NativePoseidon2Batch implements Poseidon2Batch {
  /** Items of a call: the garbage collector waits for at most a tenth of a millisecond. */
  static final int ITEMS_PER_CALL = 256;

  private static final String[] NAMES = {"native plain", "native AVX2", "native AVX-512"};

  private final Poseidon2Library library;
  private final int path;

  NativePoseidon2Batch(Poseidon2Library library, int path) {
    this.library = library;
    this.path = path;
  }

  @Override
  public String name() {
    return NAMES[path];
  }

  @Override
  public void compress(int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
    compress(Poseidon2Library.MONTGOMERY, inputs, inputOffset, outputs, outputOffset, count);
  }

  @Override
  public void compressCanonical(
      int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
    compress(Poseidon2Library.CANONICAL, inputs, inputOffset, outputs, outputOffset, count);
  }

  private void compress(
      int form, int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
    Poseidon2Batch.checkRanges(inputs, inputOffset, outputs, outputOffset, count);
    MemorySegment in = MemorySegment.ofArray(inputs);
    MemorySegment out = MemorySegment.ofArray(outputs);
    for (int done = 0; done < count; done += ITEMS_PER_CALL) {
      int items = Math.min(ITEMS_PER_CALL, count - done);
      library.compress(
          path,
          form,
          in.asSlice(4 * (inputOffset + (long) done * INPUT_WORDS)),
          out.asSlice(4 * (outputOffset + (long) done * OUTPUT_WORDS)),
          items);
    }
  }
}
