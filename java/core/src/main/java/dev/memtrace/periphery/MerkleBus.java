// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Identifies the bus between the levels of the memory tree.
 *
 * @param index the caller's number for the bus, below 2^16
 */
public record MerkleBus(int index) {
  /** Checks the index. */
  public MerkleBus {
    BusIndex.check(index);
  }
}
