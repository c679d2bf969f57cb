// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

/** A cell address as one number that sorts by (address space, pointer). */
final class Cells {
  private Cells() {}

  static long key(int space, int pointer) {
    return (long) space << 32 | pointer;
  }

  static int space(long key) {
    return (int) (key >>> 32);
  }

  static int pointer(long key) {
    return (int) key;
  }
}
