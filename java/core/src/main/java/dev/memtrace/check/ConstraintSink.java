// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

/** Hears of constraints that do not hold. */
@FunctionalInterface
interface ConstraintSink {
  /**
   * Hears of one.
   *
   * @param constraint its index in the declaration
   * @param row index of the row
   * @param value the canonical value that should be 0
   */
  void accept(int constraint, long row, int value);
}
