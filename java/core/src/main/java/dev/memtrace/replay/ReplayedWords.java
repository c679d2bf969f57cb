// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import java.lang.foreign.MemorySegment;

/**
 * What the replay adds to the log: together with its entries, the records of a log segment.
 *
 * @param previous previous timestamp of each access, a 32-bit word each
 * @param data cells of each access as they were before it, in log order; for an immediate, its
 *     value
 */
public record ReplayedWords(MemorySegment previous, MemorySegment data) {}
