// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

/**
 * The batch in plain Java: groups of {@link Poseidon2Lanes#LANES} while they pay, one state after
 * the other for a short remainder and on machines without a fused multiply-add.
 */
final class PortablePoseidon2Batch implements Poseidon2Batch {
  static final PortablePoseidon2Batch INSTANCE =
      new PortablePoseidon2Batch(FusedMultiplyAdd.isFast());

  /** Items from which a group, full or not, is faster than one state after the other. */
  static final int GROUP_PAYS_FROM = 13;

  private final boolean groups;

  PortablePoseidon2Batch(boolean groups) {
    this.groups = groups;
  }

  @Override
  public String name() {
    return groups ? "java-lanes" : "java-scalar";
  }

  @Override
  public void compress(int[] inputs, int inputOffset, int[] outputs, int outputOffset, int count) {
    Poseidon2Batch.checkRanges(inputs, inputOffset, outputs, outputOffset, count);
    int done = 0;
    if (groups && count >= GROUP_PAYS_FROM) {
      double[] scratch = new double[Poseidon2Lanes.SCRATCH];
      while (count - done >= GROUP_PAYS_FROM) {
        int items = Math.min(Poseidon2Lanes.LANES, count - done);
        Poseidon2Lanes.compress(
            inputs,
            inputOffset + done * INPUT_WORDS,
            outputs,
            outputOffset + done * OUTPUT_WORDS,
            items,
            scratch);
        done += items;
      }
    }
    for (; done < count; done++) {
      Poseidon2Scalar.permute(
          inputs,
          inputOffset + done * INPUT_WORDS,
          outputs,
          outputOffset + done * OUTPUT_WORDS,
          OUTPUT_WORDS);
    }
  }
}
