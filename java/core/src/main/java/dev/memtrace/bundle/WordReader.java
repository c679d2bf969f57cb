// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.LongConsumer;

/** Reads a stored file as little-endian 32-bit words, through a window of bounded size. */
final class WordReader implements Closeable {
  private static final int WINDOW_WORDS = 1 << 16;

  /** The window; words {@code position .. limit - 1} are not read yet. */
  final int[] words = new int[WINDOW_WORDS];

  int position;
  int limit;

  private final BundleFile file;
  private final ByteSource source;
  private final LongConsumer progress;
  private final byte[] bytes = new byte[4 * WINDOW_WORDS];
  private final ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);

  /** Bytes at the front of {@link #bytes} that are no whole word yet. */
  private int pending;

  /** Index in the file of the first word of the window. */
  private long windowOffset;

  private WordReader(BundleFile file, ByteSource source, LongConsumer progress) {
    this.file = file;
    this.source = source;
    this.progress = progress;
  }

  /** Opens a file; {@code progress} hears how many of its stored bytes were taken. */
  static WordReader open(BundleFile file, LongConsumer progress) {
    if (!file.gzip() && file.bytes() % 4 != 0) {
      throw partWord(file, file.bytes() % 4);
    }
    try {
      return new WordReader(file, ByteSource.open(file), progress);
    } catch (IOException e) {
      throw BundleFile.cannotRead(file.path(), e);
    }
  }

  /** Index in the file of the next word. */
  long offset() {
    return windowOffset + position;
  }

  /** How many words are there to read, up to the given number, which the window must hold. */
  int available(int wanted) {
    if (limit - position < wanted) {
      refill(wanted);
    }
    return Math.min(wanted, limit - position);
  }

  private void refill(int wanted) {
    System.arraycopy(words, position, words, 0, limit - position);
    windowOffset += position;
    limit -= position;
    position = 0;
    try {
      while (limit < wanted) {
        int room = 4 * (WINDOW_WORDS - limit) - pending;
        int n = source.read(bytes, pending, room);
        if (n < 0) {
          if (pending != 0) {
            throw partWord(file, pending);
          }
          break;
        }
        int have = pending + n;
        int whole = have >>> 2;
        view.asIntBuffer().get(words, limit, whole);
        limit += whole;
        pending = have & 3;
        System.arraycopy(bytes, 4 * whole, bytes, 0, pending);
      }
    } catch (IOException e) {
      throw BundleFile.cannotRead(file.path(), e);
    }
    progress.accept(source.consumed());
  }

  private static BundleException partWord(BundleFile file, long bytes) {
    return new BundleException(
        file.name()
            + ": ends with "
            + bytes
            + " bytes of a 32-bit word; the file is truncated, copy it again");
  }

  @Override
  public void close() {
    try {
      source.close();
    } catch (IOException e) {
      throw BundleFile.cannotRead(file.path(), e);
    }
  }
}
