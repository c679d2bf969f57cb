// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Identifies the lookup bus of Poseidon2 compressions.
 *
 * @param index the caller's number for the bus, below 2^16
 */
public record CompressionBus(int index) {
  /** Checks the index. */
  public CompressionBus {
    BusIndex.check(index);
  }
}
