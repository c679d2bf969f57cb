// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * Identifies the memory bus, a permutation check over (address space, pointer, cells, timestamp).
 *
 * @param index the caller's number for the bus, below 2^16
 */
public record MemoryBus(int index) {
  /** Checks the index. */
  public MemoryBus {
    BusIndex.check(index);
  }
}
