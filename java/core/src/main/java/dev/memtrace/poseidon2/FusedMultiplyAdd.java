// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

/** Whether the machine has the instruction behind {@link Math#fma(double, double, double)}. */
final class FusedMultiplyAdd {
  private static final int TRIES = 5;
  private static final int CALLS = 40;

  /** The instruction costs tens of nanoseconds interpreted; its emulation several microseconds. */
  private static final long LIMIT_NANOS_PER_CALL = 1_000;

  private FusedMultiplyAdd() {}

  /** Times some calls, for less than a millisecond where the instruction exists. */
  static boolean isFast() {
    double value = 0x1.23456789p10;
    long best = Long.MAX_VALUE;
    for (int attempt = 0; attempt < TRIES; attempt++) {
      long start = System.nanoTime();
      for (int i = 0; i < CALLS; i++) {
        value = Math.fma(value, 0x1.fffffp-1, 0x1.3p-3);
      }
      best = Math.min(best, System.nanoTime() - start);
    }
    return best < CALLS * LIMIT_NANOS_PER_CALL && !Double.isNaN(value);
  }
}
