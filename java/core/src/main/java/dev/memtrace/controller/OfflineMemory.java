// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import dev.memtrace.log.MemoryRecord;

/** What the replay found out about each access. */
@FunctionalInterface
public interface OfflineMemory {

  /**
   * Returns the record of an access.
   *
   * @param id record id: position in the log
   * @return the record
   * @throws IllegalStateException before {@link MemoryController#finalizeMemory} and after {@link
   *     MemoryController#close}
   * @throws IllegalArgumentException if the entry is a clock increment, which has no record
   * @throws IndexOutOfBoundsException if there is no such entry
   */
  MemoryRecord record(long id);
}
