// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

/**
 * Accesses of one shape in one address space.
 *
 * @param addressSpace address space
 * @param shape size and alignment
 * @param reads reads
 * @param writes writes
 */
public record ShapeCount(int addressSpace, AccessShape shape, long reads, long writes) {}
