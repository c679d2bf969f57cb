// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Identifies the lookup bus of the variable range checker, whose messages are (value, bits).
 *
 * @param index the caller's number for the bus, below 2^16
 * @param rangeMaxBits the largest bit count that it checks, 1 to 26
 */
public record RangeCheckerBus(int index, int rangeMaxBits) {
  /** Checks both parameters. */
  public RangeCheckerBus {
    BusIndex.check(index);
    if (rangeMaxBits < 1 || rangeMaxBits > 26) {
      throw new IllegalArgumentException(
          "rangeMaxBits is " + rangeMaxBits + "; it must be 1 to 26");
    }
  }
}
