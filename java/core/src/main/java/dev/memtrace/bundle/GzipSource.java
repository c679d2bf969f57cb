// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The content of a gzipped file (RFC 1952): one or more members, each with its check sum. Unlike
 * the stream of the JDK it refuses whatever else follows a member, zero bytes excepted.
 */
final class GzipSource implements ByteSource {
  private static final int MAGIC_1 = 0x1F;
  private static final int MAGIC_2 = 0x8B;
  private static final int DEFLATE = 8;
  private static final int HEADER_CRC = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int RESERVED = 0xE0;

  private final FileChannel channel;
  private final String name;
  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private final byte[] input = new byte[1 << 16];
  private int position;
  private int limit;
  private long taken;
  private boolean inMember;
  private boolean first = true;

  GzipSource(FileChannel channel, String name) {
    this.channel = channel;
    this.name = name;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    while (true) {
      if (!inMember && !nextMember()) {
        return -1;
      }
      int n = inflate(target, offset, length);
      if (n > 0) {
        crc.update(target, offset, n);
        return n;
      }
      if (inflater.finished()) {
        position = limit - inflater.getRemaining();
        endMember();
      } else {
        fill();
        inflater.setInput(input, 0, limit);
      }
    }
  }

  private int inflate(byte[] target, int offset, int length) {
    try {
      return inflater.inflate(target, offset, length);
    } catch (DataFormatException e) {
      throw new BundleException(
          name + ": corrupt gzip data near byte " + consumed() + ": " + e.getMessage(), e);
    }
  }

  private boolean nextMember() throws IOException {
    int magic = read();
    while (magic == 0 && !first) {
      magic = read();
    }
    if (magic < 0 && !first) {
      return false;
    }
    if (magic != MAGIC_1 || read() != MAGIC_2 || read() != DEFLATE) {
      throw new BundleException(
          name
              + (first
                  ? ": is not gzipped, although its name says so"
                  : ": something that is not gzip follows near byte " + consumed()));
    }
    first = false;
    int flags = need();
    if ((flags & RESERVED) != 0) {
      throw new BundleException(name + ": the gzip header has unknown flags " + flags);
    }
    skip(6);
    if ((flags & EXTRA) != 0) {
      int low = need();
      skip(low | need() << 8);
    }
    skipText((flags & NAME) != 0);
    skipText((flags & COMMENT) != 0);
    skip((flags & HEADER_CRC) != 0 ? 2 : 0);
    inflater.reset();
    crc.reset();
    inflater.setInput(input, position, limit - position);
    inMember = true;
    return true;
  }

  private void endMember() throws IOException {
    long sum = word();
    long size = word();
    if (sum != crc.getValue() || size != (inflater.getBytesWritten() & 0xFFFF_FFFFL)) {
      throw new BundleException(
          name + ": the gzip check sum is wrong near byte " + consumed() + "; copy the file again");
    }
    inMember = false;
  }

  private long word() throws IOException {
    long word = 0;
    for (int i = 0; i < 4; i++) {
      word |= (long) need() << (8 * i);
    }
    return word;
  }

  private void skip(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      need();
    }
  }

  private void skipText(boolean present) throws IOException {
    while (present && need() != 0) {
      // the text is of no use here
    }
  }

  private int need() throws IOException {
    int b = read();
    if (b < 0) {
      throw truncated();
    }
    return b;
  }

  private int read() throws IOException {
    if (position == limit) {
      position = 0;
      limit = Math.max(0, channel.read(ByteBuffer.wrap(input)));
      taken += limit;
      if (limit == 0) {
        return -1;
      }
    }
    return input[position++] & 0xFF;
  }

  private void fill() throws IOException {
    position = 0;
    limit = Math.max(0, channel.read(ByteBuffer.wrap(input)));
    taken += limit;
    if (limit == 0) {
      throw truncated();
    }
  }

  private BundleException truncated() {
    return new BundleException(
        name + ": the gzip data ends early, after " + taken + " bytes; copy the file again");
  }

  @Override
  public long consumed() {
    return taken;
  }

  @Override
  public void close() throws IOException {
    inflater.end();
    channel.close();
  }
}
