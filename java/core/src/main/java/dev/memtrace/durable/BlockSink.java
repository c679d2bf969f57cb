// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.AccessRejectedException;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes the blocks of a file whose checksums are right, in order. */
@FunctionalInterface
interface BlockSink {
  /**
   * Takes a block.
   *
   * @param frame what its header says
   * @param bytes header and payload, from index 0
   * @return the clock after its last entry
   * @throws AccessRejectedException if an entry is illegal
   * @throws IllegalBlockException if the entries are not as the format demands
   * @throws IOException if something that the block is written to fails
   */
  long accept(LogFrame frame, ByteBuffer bytes) throws IOException;

  /** Appends everything to one log. */
  static BlockSink appending(AccessLog log) {
    return (frame, bytes) -> {
      BlockEntries.append(frame, bytes, log);
      return log.endTimestamp();
    };
  }

  /** Checks each block with a log of its own, so that one block at a time is in memory. */
  static BlockSink checking(MemoryConfig config, BufferPool pool) {
    return (frame, bytes) -> {
      AccessLog log = new AccessLog(config.withAccessCapacity(frame.entries() + 1L), pool);
      try {
        log.appendIncrement(frame.clock() - log.endTimestamp());
        BlockEntries.append(frame, bytes, log);
        return log.endTimestamp();
      } finally {
        log.release();
      }
    };
  }

  /** Thrown when the checksum of a block is right and its content is none that a writer makes. */
  final class IllegalBlockException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    IllegalBlockException(String message) {
      super(message);
    }

    IllegalBlockException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
