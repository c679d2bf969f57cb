// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * What the header of a log file says.
 *
 * @param mode how memory begins and ends
 * @param config the legal configuration
 * @param zeroInitialMemory whether all memory was zero before the first entry; if not, the file
 *     does not hold it
 */
public record LogFileHeader(MemoryMode mode, MemoryConfig config, boolean zeroInitialMemory) {
  private static final int VOLATILE = 0;
  private static final int PERSISTENT = 1;
  private static final int ZERO = 0;
  private static final int KEPT_ELSEWHERE = 1;

  /**
   * Refuses what is not legal.
   *
   * @throws IllegalArgumentException naming the first parameter outside its limits
   */
  public LogFileHeader {
    config.validate(mode);
    if (mode == MemoryMode.VOLATILE && !zeroInitialMemory) {
      throw new IllegalArgumentException(
          "volatile memory starts at zero and has no other initial memory; use persistent memory");
    }
  }

  ByteBuffer toBytes() {
    ByteBuffer bytes = LogFileFormat.buffer(LogFileFormat.HEADER_BYTES);
    bytes.putLong(LogFileFormat.MAGIC).putInt(LogFileFormat.VERSION);
    bytes.putInt(mode == MemoryMode.PERSISTENT ? PERSISTENT : VOLATILE);
    bytes.putInt(zeroInitialMemory ? ZERO : KEPT_ELSEWHERE);
    bytes.putInt(config.asHeight()).putInt(config.asOffset()).putInt(config.pointerMaxBits());
    bytes.putInt(config.clkMaxBits()).putInt(config.rangeMaxBits());
    bytes.putInt(config.maxAccessAdapterN()).putInt(0);
    bytes.putLong(config.accessCapacity()).putInt(0);
    bytes.putInt(LogFileFormat.checksum(null, bytes.slice(0, LogFileFormat.HEADER_CHECKED)));
    return bytes.flip();
  }

  /** The checksum of a header in a file. */
  static int checksum(ByteBuffer bytes) {
    return bytes.getInt(LogFileFormat.HEADER_CHECKED);
  }

  /** Reads a header of full length. */
  static LogFileHeader fromBytes(ByteBuffer bytes, Path file) {
    if (bytes.getLong(0) != LogFileFormat.MAGIC) {
      throw new LogFileException(file + ": is no log file of memtrace: it begins otherwise");
    }
    int version = bytes.getInt(8);
    if (version != LogFileFormat.VERSION) {
      throw new LogFileException(
          file
              + ": has version "
              + Integer.toUnsignedString(version)
              + "; this memtrace reads version "
              + LogFileFormat.VERSION);
    }
    int sum = LogFileFormat.checksum(null, bytes.slice(0, LogFileFormat.HEADER_CHECKED));
    if (sum != checksum(bytes)) {
      throw new LogFileException(
          "%s: the checksum of the header is %08x instead of %08x; without a header nothing can be read, copy the file again"
              .formatted(file, sum, checksum(bytes)));
    }
    MemoryConfig config =
        new MemoryConfig(
            bytes.getInt(20),
            bytes.getInt(24),
            bytes.getInt(28),
            bytes.getInt(32),
            bytes.getInt(36),
            bytes.getInt(40),
            bytes.getLong(48));
    int mode = choice(bytes, 12, "mode", file);
    int initial = choice(bytes, 16, "initial memory", file);
    if ((bytes.getInt(44) | bytes.getInt(56)) != 0) {
      throw new LogFileException(file + ": the unused words of the header are not 0");
    }
    try {
      return new LogFileHeader(
          mode == PERSISTENT ? MemoryMode.PERSISTENT : MemoryMode.VOLATILE,
          config,
          initial == ZERO);
    } catch (IllegalArgumentException e) {
      throw new LogFileException(file + ": the header's configuration: " + e.getMessage(), e);
    }
  }

  private static int choice(ByteBuffer bytes, int at, String what, Path file) {
    int value = bytes.getInt(at);
    if ((value & ~1) != 0) {
      throw new LogFileException(
          file
              + ": the header's "
              + what
              + " is "
              + Integer.toUnsignedString(value)
              + "; it must be 0 or 1");
    }
    return value;
  }
}
