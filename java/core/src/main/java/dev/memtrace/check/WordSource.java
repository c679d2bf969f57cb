// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.backend.WordStream;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;

/** A sequence of 32-bit words that can be read from its beginning several times. */
public interface WordSource {

  /** Reads words in order. */
  interface Reader extends AutoCloseable {
    /**
     * Reads the next words.
     *
     * @param target receives them
     * @param offset index of the first one there
     * @param length how many are wanted
     * @return how many were read; fewer than wanted only at the end
     */
    int read(int[] target, int offset, int length);

    /** Ends reading. */
    @Override
    void close();
  }

  /**
   * Begins to read.
   *
   * @return a reader at the first word, closed by the caller
   * @throws BadProductException if there is nothing to read
   */
  Reader open();

  /**
   * Makes a source of a stream, which it copies; the stream is not closed.
   *
   * @param stream the words
   * @param pool where the memory of the copy comes from, and goes when nobody uses the source
   * @return a source
   */
  static WordSource copyOf(WordStream stream, BufferPool pool) {
    long words = stream.words();
    MemorySegment copy = pool.acquire(Math.max(4, 4 * words));
    long[] at = new long[1];
    stream.forEachChunk(
        chunk -> {
          MemorySegment.copy(chunk, 0, copy, at[0], chunk.byteSize());
          at[0] += chunk.byteSize();
        });
    return of(copy, words);
  }

  /**
   * Makes a source of words in native byte order.
   *
   * @param memory the words, which must not change while the source is used
   * @param words how many
   * @return a source
   */
  static WordSource of(MemorySegment memory, long words) {
    return () ->
        new Reader() {
          private long position;

          @Override
          public int read(int[] target, int offset, int length) {
            int n = (int) Math.min(length, words - position);
            MemorySegment.copy(memory, IntBuffer64.WORD, position << 2, target, offset, n);
            position += n;
            return n;
          }

          @Override
          public void close() {
            // nothing is held
          }
        };
  }
}
