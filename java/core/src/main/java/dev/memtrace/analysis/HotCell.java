// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

/**
 * A cell and how often it is accessed.
 *
 * @param addressSpace address space
 * @param pointer the cell
 * @param accesses accesses that cover it
 */
public record HotCell(int addressSpace, int pointer, long accesses) {}
