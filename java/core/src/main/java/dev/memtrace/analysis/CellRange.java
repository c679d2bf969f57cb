// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

/**
 * Consecutive cells of one address space.
 *
 * @param addressSpace address space
 * @param first pointer of the first cell
 * @param last pointer of the last cell
 */
public record CellRange(int addressSpace, int first, int last) {}
