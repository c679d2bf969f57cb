// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/** Limits of bus numbers. */
final class BusIndex {
  private BusIndex() {}

  static void check(int index) {
    if (index < 0 || index > 0xFFFF) {
      throw new IllegalArgumentException("bus index is " + index + "; it must be 0 to 65535");
    }
  }
}
