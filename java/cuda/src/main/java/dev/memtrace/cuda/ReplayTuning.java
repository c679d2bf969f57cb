// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.util.function.LongUnaryOperator;

/**
 * Choices of the replay that change its speed but never a result.
 *
 * @param maxSlotBits log2 of the most slots that the table of granules has; pages that share a slot
 *     share a granule
 * @param pairs whether log indices are sorted beside the keys even where both fit in 64 bits
 * @param firstCapacity how many events to make room for at first, given the number of accesses
 */
record ReplayTuning(int maxSlotBits, boolean pairs, LongUnaryOperator firstCapacity) {
  /** 2^22 slots are 2 MiB; most logs have fewer than 33 events in 32 accesses. */
  static ReplayTuning defaults() {
    return new ReplayTuning(22, false, accesses -> accesses + accesses / 32 + 1024);
  }
}
