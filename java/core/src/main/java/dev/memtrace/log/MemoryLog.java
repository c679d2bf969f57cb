// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

import dev.memtrace.config.MemoryConfig;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** A read-only access log. The record id of an entry is its position, from 0. */
public interface MemoryLog extends Iterable<MemoryLogEntry> {

  /**
   * Returns the configuration that every entry obeys.
   *
   * @return the configuration
   */
  MemoryConfig config();

  /**
   * Returns the number of entries.
   *
   * @return entries
   */
  long size();

  /**
   * Returns one entry.
   *
   * @param id its position
   * @return the entry
   * @throws IndexOutOfBoundsException if there is no such entry
   */
  MemoryLogEntry get(long id);

  /**
   * Returns the clock after the last entry, if it was 1 before the first.
   *
   * @return 1 + accesses + sum of the increments
   */
  long endTimestamp();

  @Override
  default Iterator<MemoryLogEntry> iterator() {
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        return next < size();
      }

      @Override
      public MemoryLogEntry next() {
        if (!hasNext()) {
          throw new NoSuchElementException("the log has " + size() + " entries");
        }
        return get(next++);
      }
    };
  }
}
