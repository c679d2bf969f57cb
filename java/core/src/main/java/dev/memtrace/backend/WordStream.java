// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** A product that is a sequence of 32-bit words, too long perhaps for one buffer. */
public interface WordStream extends AutoCloseable {

  /**
   * Returns the length.
   *
   * @return words
   */
  long words();

  /**
   * Visits the words in order.
   *
   * @param visitor receives consecutive parts as read-only memory, valid during the call
   * @throws IllegalStateException if the product is closed
   */
  void forEachChunk(Consumer<MemorySegment> visitor);

  /** Gives the memory back. Closing twice has no effect. */
  @Override
  void close();
}
