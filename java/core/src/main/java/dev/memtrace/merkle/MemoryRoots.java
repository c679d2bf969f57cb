// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.merkle;

/**
 * Roots of the memory tree before and after a segment.
 *
 * @param initial 8 canonical elements
 * @param after 8 canonical elements
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of results, never compared
public record MemoryRoots(int[] initial, int[] after) {}
