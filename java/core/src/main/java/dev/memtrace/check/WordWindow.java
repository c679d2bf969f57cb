// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

/** A window over the words of a source. */
final class WordWindow implements AutoCloseable {
  /** Words {@code position .. limit - 1} are not taken yet. */
  final int[] words = new int[1 << 16];

  int position;

  private final WordSource.Reader reader;
  private int limit;
  private long taken;

  WordWindow(WordSource source) {
    reader = source.open();
  }

  /** Whether so many words are there at {@link #position}, which the window must hold. */
  boolean has(int wanted) {
    if (limit - position < wanted) {
      System.arraycopy(words, position, words, 0, limit - position);
      taken += position;
      limit -= position;
      position = 0;
      limit += reader.read(words, limit, words.length - limit);
    }
    return limit - position >= wanted;
  }

  /** Index of the next word in the source. */
  long offset() {
    return taken + position;
  }

  @Override
  public void close() {
    reader.close();
  }
}
