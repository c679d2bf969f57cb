// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import java.util.SplittableRandom;

/** Values to write, and where. */
final class Cells {
  static final int REGISTERS = 1;
  static final int MEMORY = 2;

  private static final int WORD = 4;
  private static final int LARGEST = 32;

  private final SplittableRandom random;
  private final int[] values = new int[LARGEST];

  Cells(SplittableRandom random) {
    this.random = random;
  }

  /** Random bytes, a cell each, as a program for a machine of bytes writes them. */
  int[] bytes(int n) {
    int word = 0;
    for (int i = 0; i < n; i++) {
      word = i % WORD == 0 ? random.nextInt() : word >>> 8;
      values[i] = word & 0xFF;
    }
    return values;
  }

  /** Greatest multiple of a power of two that is at most a length, but at least one of it. */
  static int window(long length, int multiple) {
    return (int) Math.max(multiple, length / multiple * multiple);
  }
}
