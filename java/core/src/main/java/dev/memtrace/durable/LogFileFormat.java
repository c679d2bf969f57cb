// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.log.LogHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Sizes, offsets and numbers of the format. They are fixed by its version and not by how a log lies
 * in memory.
 */
final class LogFileFormat {
  static final long MAGIC = 0x0A1A_0A0D_4C54_4D89L;
  static final int VERSION = 1;
  static final int HEADER_BYTES = 64;

  /** Bytes of a header that its checksum covers. */
  static final int HEADER_CHECKED = 60;

  static final int FRAME_BYTES = 40;

  /** Bytes of a frame header that its checksum covers. */
  static final int FRAME_CHECKED = 36;

  /** "BLK1" and "END1". */
  static final int BLOCK = 0x314B_4C42;

  static final int FOOTER = 0x3144_4E45;

  static final int MAX_BLOCK_ENTRIES = 1 << 16;
  static final int MAX_BLOCK_CELLS = 1 << 17;

  /** The most cells of one access that any configuration allows. */
  static final int MAX_ACCESS = 32;

  static final int ENTRY_BYTES = 8;
  static final int CELL_BYTES = 4;
  static final int MAX_PAYLOAD = ENTRY_BYTES * MAX_BLOCK_ENTRIES + CELL_BYTES * MAX_BLOCK_CELLS;

  /** Clock before the first entry of a log. */
  static final long FIRST_CLOCK = 1;

  private static final int SPACE_SHIFT = 31;
  private static final int SIZE_SHIFT = 60;
  private static final int SPACE_MASK = (1 << 29) - 1;
  private static final long TOP = 1L << 63;
  private static final long LOW_31 = (1L << 31) - 1;

  private LogFileFormat() {}

  /** The word of an entry in a file. */
  static long pack(long header) {
    return (LogHeader.isWriteOrIncrement(header) ? TOP : 0)
        | ((long) LogHeader.logSize(header) << SIZE_SHIFT)
        | ((long) LogHeader.addressSpace(header) << SPACE_SHIFT)
        | LogHeader.pointer(header);
  }

  static boolean top(long word) {
    return word < 0;
  }

  static int logSize(long word) {
    return (int) (word >>> SIZE_SHIFT) & 7;
  }

  static int addressSpace(long word) {
    return (int) (word >>> SPACE_SHIFT) & SPACE_MASK;
  }

  static int pointer(long word) {
    return (int) (word & LOW_31);
  }

  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** CRC-32C of some bytes, which begin with four bytes of another checksum if there is one. */
  static int checksum(@Nullable Integer before, ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    if (before != null) {
      crc.update(buffer(Integer.BYTES).putInt(before).flip());
    }
    crc.update(bytes);
    return (int) crc.getValue();
  }

  static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
