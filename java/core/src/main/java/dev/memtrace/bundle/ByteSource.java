// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** The content of a stored file, one read after the other. */
interface ByteSource extends Closeable {
  /** Reads at least one byte into the array, or returns -1 at the end. */
  int read(byte[] target, int offset, int length) throws IOException;

  /** How many bytes of the stored file have been taken. */
  long consumed();

  static ByteSource open(BundleFile file) throws IOException {
    FileChannel channel = file.open();
    return file.gzip() ? new GzipSource(channel, file.name()) : new Plain(channel);
  }

  /** A file that is stored as it is. */
  final class Plain implements ByteSource {
    private final FileChannel channel;
    private long consumed;

    private Plain(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = channel.read(ByteBuffer.wrap(target, offset, length));
      consumed += Math.max(0, n);
      return n;
    }

    @Override
    public long consumed() {
      return consumed;
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
