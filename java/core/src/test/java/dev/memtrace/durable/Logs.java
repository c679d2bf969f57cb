// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Logs and log files for tests. */
final class Logs {
  static final int P = 2013265921;
  static final BufferPool POOL = BufferPool.shared();

  /** 8 spaces of 2^29 cells. */
  static final MemoryConfig CONFIG = MemoryConfig.defaults().withAccessCapacity(0);

  static final LogFileHeader HEADER = new LogFileHeader(MemoryMode.PERSISTENT, CONFIG, true);

  private Logs() {}

  static MemoryLogEntry entry(Random random) {
    int n = 1 << random.nextInt(6);
    return switch (random.nextInt(4)) {
      case 0 -> new MemoryLogEntry.Read(1 + random.nextInt(8), random.nextInt(1 << 28), n);
      case 1 -> new MemoryLogEntry.Read(0, random.nextInt(P), 1);
      case 2 -> new MemoryLogEntry.IncrementTimestampBy(random.nextInt(1000));
      default ->
          new MemoryLogEntry.Write(
              1 + random.nextInt(8), random.nextInt(1 << 28), random.ints(n, 0, P).toArray());
    };
  }

  static void append(AccessLog log, Random random, int entries) {
    for (int i = 0; i < entries; i++) {
      log.append(entry(random));
    }
  }

  /** Writes a file of so many entries in blocks of at most so many, and returns the entries. */
  static List<MemoryLogEntry> write(Path file, long seed, int entries, int block, boolean finish) {
    Random random = new Random(seed);
    AccessLog log = new AccessLog(CONFIG, POOL);
    try (LogFileWriter writer = LogFileWriter.create(file, HEADER, false, POOL)) {
      for (int done = 0; done < entries; done += block) {
        append(log, random, Math.min(block, entries - done));
        writer.append(log);
      }
      if (finish) {
        writer.finish(log);
      }
      return entries(log);
    } finally {
      log.release();
    }
  }

  static List<MemoryLogEntry> entries(AccessLog log) {
    List<MemoryLogEntry> entries = new ArrayList<>();
    log.forEach(entries::add);
    return entries;
  }

  static LogFileReport check(Path file) {
    return LogFile.open(file).check(POOL, _ -> {});
  }

  static List<MemoryLogEntry> read(Path file) {
    AccessLog log = LogFile.open(file).read(POOL, _ -> {});
    try {
      return entries(log);
    } finally {
      log.release();
    }
  }

  /** A frame with right checksums, whatever is in it. */
  static byte[] frame(int chain, LogFrame frame, long[] entries, int[] cells) {
    ByteBuffer bytes =
        ByteBuffer.allocate(LogFileFormat.FRAME_BYTES + 8 * entries.length + 4 * cells.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(LogFileFormat.FRAME_BYTES);
    for (long entry : entries) {
      bytes.putLong(entry);
    }
    for (int cell : cells) {
      bytes.putInt(cell);
    }
    int payload =
        LogFileFormat.checksum(
            null,
            bytes.slice(LogFileFormat.FRAME_BYTES, bytes.capacity() - LogFileFormat.FRAME_BYTES));
    LogFrame.write(
        bytes,
        chain,
        new LogFrame(
            frame.kind(),
            frame.number(),
            frame.firstEntry(),
            frame.entries(),
            frame.cells(),
            frame.clock(),
            payload));
    return bytes.array();
  }

  /** Checksum in the header of a frame. */
  static int chain(byte[] frame) {
    return ByteBuffer.wrap(frame)
        .order(ByteOrder.LITTLE_ENDIAN)
        .getInt(LogFileFormat.FRAME_CHECKED);
  }

  static int headerChain() {
    return LogFileHeader.checksum(HEADER.toBytes());
  }

  static byte[] header() {
    ByteBuffer bytes = HEADER.toBytes();
    byte[] header = new byte[bytes.remaining()];
    bytes.get(header);
    return header;
  }

  /** A file of the header and some frames. */
  static Path file(Path file, byte[]... frames) throws IOException {
    Files.write(file, header());
    for (byte[] frame : frames) {
      Files.write(file, frame, StandardOpenOption.APPEND);
    }
    return file;
  }
}
