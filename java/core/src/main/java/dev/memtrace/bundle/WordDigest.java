// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/** SHA-256 of stored files and of tables in them. */
final class WordDigest {
  private static final int PIECE_BYTES = 1 << 18;

  private final MessageDigest sha;
  private final byte[] piece = new byte[PIECE_BYTES];

  private final LongConsumer progress;

  private WordDigest(LongConsumer progress) {
    this.progress = progress;
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private String finish() {
    return HexFormat.of().formatHex(sha.digest());
  }

  /** The digest of a file's words; {@code progress} hears of every piece how long it was. */
  static String ofFile(BundleFile file, LongConsumer progress) {
    WordDigest digest = new WordDigest(progress);
    long bytes = 0;
    try (ByteSource in = ByteSource.open(file)) {
      for (int n = 0; n >= 0; n = in.read(digest.piece, 0, PIECE_BYTES)) {
        digest.update(n);
        bytes += n;
      }
    } catch (IOException e) {
      throw BundleFile.cannotRead(file.path(), e);
    }
    if (bytes % 4 != 0) {
      throw new BundleException(
          file.name() + ": has " + bytes + " bytes, which are no whole 32-bit words");
    }
    return digest.finish();
  }

  /** Digests of a table of rows. */
  record OfRows(String leading, String sorted) {}

  /** The digest of the leading rows of a table, and that of all rows in ascending order. */
  static OfRows ofRows(
      BundleFile file, long height, int width, long leadingRows, LongConsumer progress) {
    long bytes = Math.multiplyExact(4L * width, height);
    if (!file.gzip()) {
      if (file.bytes() != bytes) {
        throw wrongSize(file, height, width);
      }
      try (Arena arena = Arena.ofConfined();
          FileChannel channel = file.open()) {
        MemorySegment table = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
        return ofRows(table, (int) height, width, leadingRows, progress);
      } catch (IOException e) {
        throw BundleFile.cannotRead(file.path(), e);
      }
    }
    MemorySegment buffer = BufferPool.shared().acquire(bytes);
    try {
      MemorySegment table = buffer.asSlice(0, bytes);
      load(file, table, height, width);
      return ofRows(table, (int) height, width, leadingRows, progress);
    } finally {
      BufferPool.shared().release(buffer);
    }
  }

  /** Reads a whole table into memory of its size. */
  static void load(BundleFile file, MemorySegment table, long height, int width) {
    byte[] piece = new byte[PIECE_BYTES];
    long at = 0;
    try (ByteSource in = ByteSource.open(file)) {
      for (int n = in.read(piece, 0, PIECE_BYTES); n >= 0; n = in.read(piece, 0, PIECE_BYTES)) {
        if (n > table.byteSize() - at) {
          throw wrongSize(file, height, width);
        }
        MemorySegment.copy(piece, 0, table, ValueLayout.JAVA_BYTE, at, n);
        at += n;
      }
    } catch (IOException e) {
      throw BundleFile.cannotRead(file.path(), e);
    }
    if (at != table.byteSize()) {
      throw wrongSize(file, height, width);
    }
  }

  static BundleException wrongSize(BundleFile file, long height, int width) {
    return new BundleException(
        "%s: does not hold the %d rows of %d words that the manifest names; generate the bundle again"
            .formatted(file.name(), height, width));
  }

  private static OfRows ofRows(
      MemorySegment table, int rows, int width, long leadingRows, LongConsumer progress) {
    WordDigest digest = new WordDigest(progress);
    digest.update(table.asSlice(0, 4L * width * leadingRows));
    String leading = digest.finish();
    digest.update(table, RowSorter.order(table, rows, width), 4 * width);
    return new OfRows(leading, digest.finish());
  }

  private void update(int bytes) {
    sha.update(piece, 0, bytes);
    progress.accept(bytes);
  }

  private void update(MemorySegment memory) {
    for (long at = 0; at < memory.byteSize(); at += PIECE_BYTES) {
      int n = (int) Math.min(PIECE_BYTES, memory.byteSize() - at);
      MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, at, piece, 0, n);
      update(n);
    }
  }

  private void update(MemorySegment table, int[] order, int rowBytes) {
    if (rowBytes > PIECE_BYTES) {
      for (int row : order) {
        update(table.asSlice((long) row * rowBytes, rowBytes));
      }
      return;
    }
    int used = 0;
    for (int row : order) {
      if (used + rowBytes > PIECE_BYTES) {
        update(used);
        used = 0;
      }
      MemorySegment.copy(
          table, ValueLayout.JAVA_BYTE, (long) row * rowBytes, piece, used, rowBytes);
      used += rowBytes;
    }
    update(used);
  }
}
