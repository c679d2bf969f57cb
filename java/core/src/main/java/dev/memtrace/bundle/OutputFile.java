// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that is being written, in pieces of bounded size so that writing can be cancelled. */
final class OutputFile implements AutoCloseable {
  private static final long PIECE_BYTES = 8L << 20;

  private final OutputFolder folder;
  private final Path path;
  private final FileChannel channel;
  private long bytes;

  OutputFile(OutputFolder folder, Path path) throws IOException {
    this.folder = folder;
    this.path = path;
    this.channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Appends memory as it is: words are little-endian, as those of every supported machine are. */
  void write(MemorySegment words) {
    if (words.isNative()) {
      writeNative(words);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(Math.clamp(words.byteSize(), 1, PIECE_BYTES / 8));
      for (long at = 0; at < words.byteSize(); at += piece.byteSize()) {
        long n = Math.min(piece.byteSize(), words.byteSize() - at);
        MemorySegment.copy(words, at, piece, 0, n);
        writeNative(piece.asSlice(0, n));
      }
    }
  }

  private void writeNative(MemorySegment words) {
    try {
      for (long at = 0; at < words.byteSize(); at += PIECE_BYTES) {
        long n = Math.min(PIECE_BYTES, words.byteSize() - at);
        ByteBuffer piece = words.asSlice(at, n).asByteBuffer();
        while (piece.hasRemaining()) {
          synchronized (folder) {
            folder.checkOpen();
            bytes += channel.write(piece);
          }
        }
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Appends a part of another file and returns how many bytes it was. */
  long transferFrom(FileChannel source, long at, long count) throws IOException {
    synchronized (folder) {
      folder.checkOpen();
      long n = source.transferTo(at, count, channel);
      bytes += n;
      return n;
    }
  }

  /** Makes the content durable. */
  void finish() {
    try {
      synchronized (folder) {
        folder.checkOpen();
      }
      channel.force(true);
      channel.close();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private BundleException failed(IOException e) {
    return folder.failed(String.valueOf(path.getFileName()), e);
  }

  long bytes() {
    return bytes;
  }

  /** Closes the file without any promise about its content. */
  void abandon() {
    try {
      channel.close();
    } catch (IOException e) {
      // the file is about to be removed
    }
  }

  @Override
  public void close() {
    abandon();
    folder.forget(this);
  }
}
