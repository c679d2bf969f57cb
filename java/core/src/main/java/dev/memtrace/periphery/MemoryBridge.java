// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

/**
 * What a chip needs to know to access memory in its constraints: where the messages go and how wide
 * a timestamp comparison is.
 *
 * @param memoryBus the bus of block states
 * @param clkMaxBits timestamps are below {@code 2^clkMaxBits}
 * @param rangeBus the bus of the limb checks, whose {@code rangeMaxBits} is the limb size
 */
public record MemoryBridge(MemoryBus memoryBus, int clkMaxBits, RangeCheckerBus rangeBus) {}
