// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleException;
import dev.memtrace.bundle.LogConversion;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.durable.LogFile;
import dev.memtrace.durable.LogFileException;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFileReport;
import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The input is a log file behind one byte, which says whether checksums are put right first: nobody
 * guesses a CRC-32C.
 */
final class LogFileTarget implements Target {
  private static final int RIGHT_CHECKSUMS = 1;

  private static final int HEADER_BYTES = 64;
  private static final int FRAME_BYTES = 40;
  private static final int SUM_BYTES = 4;

  private final BufferPool pool = Segments.pool();
  private final Path folder = Workspace.folder();
  private final Path file = folder.resolve("log.mtlog");
  private final Path other = folder.resolve("other.mtlog");
  private final Path bundle = folder.resolve("bundle");

  LogFileTarget() throws IOException {}

  @Override
  public void run(byte[] input) throws IOException {
    Choices choices = new Choices(input);
    boolean right = (choices.next() & RIGHT_CHECKSUMS) != 0;
    byte[] content = choices.rest();
    if (right) {
      putChecksumsRight(content);
    }
    Files.write(file, content);
    try {
      take(LogFile.open(file));
    } catch (LogFileException e) {
      Contract.refused(e, LogFileException.class);
    } finally {
      Files.deleteIfExists(other);
      Workspace.remove(bundle);
    }
  }

  private void take(LogFile log) throws IOException {
    LogFileReport report = log.check(pool, _ -> {});
    LogConversion.recover(log, other, false, pool, _ -> {}, _ -> {});
    LogFileReport again = LogFile.open(other).check(pool, _ -> {});
    Contract.require(
        again.intact()
            && again.entries() == report.entries()
            && again.cells() == report.cells()
            && again.endTimestamp() == report.endTimestamp(),
        "recovered " + again + " of " + report);
    try {
      log.read(pool, _ -> {}).release();
      Contract.require(report.intact(), "read what the check refuses: " + report);
    } catch (LogFileException e) {
      Contract.refused(e, LogFileException.class);
      Contract.require(!report.intact(), "refused what the check takes: " + report);
    }
    convert(LogFile.open(other), report.entries());
  }

  /** Makes a bundle of a log and a log of it again, and its traces. */
  private void convert(LogFile log, long entries) throws IOException {
    LogFileHeader header = log.header();
    if (!header.zeroInitialMemory()) {
      try {
        LogConversion.toBundle(log, "fuzz", null, bundle, false, pool, _ -> {}, _ -> {});
        throw new AssertionError("took a log whose initial memory is not there");
      } catch (BundleException e) {
        Contract.refused(e, BundleException.class);
        return;
      }
    }
    LogConversion.toBundle(log, "fuzz", null, bundle, false, pool, _ -> {}, _ -> {});
    Path back = folder.resolve("back.mtlog");
    LogConversion.toLog(Bundle.open(bundle), back, false, pool, _ -> {}, _ -> {});
    Contract.require(
        LogFile.open(back).check(pool, _ -> {}).entries() == entries, "lost entries on the way");
    Files.delete(back);
    if (Segments.small(header.config())) {
      Segments.check(header.mode(), header.config(), log.read(pool, _ -> {}), _ -> {});
    }
  }

  // ------------------------------------------------------------------ checksums

  private static int sum(byte[] before, byte[] content, int from, int bytes) {
    CRC32C crc = new CRC32C();
    crc.update(before);
    crc.update(content, from, bytes);
    return (int) crc.getValue();
  }

  /** Puts the checksums of the header and of all frames right, as docs/LOG-FORMAT.md has them. */
  private static void putChecksumsRight(byte[] content) {
    if (content.length < HEADER_BYTES) {
      return;
    }
    ByteBuffer bytes = Words.little(content);
    int chain = sum(new byte[0], content, 0, HEADER_BYTES - SUM_BYTES);
    bytes.putInt(HEADER_BYTES - SUM_BYTES, chain);
    for (int at = HEADER_BYTES; at + FRAME_BYTES <= content.length; ) {
      long payload =
          8L * Integer.toUnsignedLong(bytes.getInt(at + 16))
              + 4L * Integer.toUnsignedLong(bytes.getInt(at + 20));
      boolean whole = payload <= content.length - at - FRAME_BYTES;
      if (whole) {
        bytes.putInt(at + 32, sum(new byte[0], content, at + FRAME_BYTES, (int) payload));
      }
      chain = sum(Words.bytes(chain), content, at, FRAME_BYTES - SUM_BYTES);
      bytes.putInt(at + FRAME_BYTES - SUM_BYTES, chain);
      at = whole ? at + FRAME_BYTES + (int) payload : content.length;
    }
  }

  // ------------------------------------------------------------------ seeds

  @Override
  public List<byte[]> seeds() throws IOException {
    MemoryConfig persistent = new MemoryConfig(1, 1, 14, 16, 9, 8, 100);
    MemoryConfig volatileMemory = new MemoryConfig(2, 1, 13, 13, 8, 32, 0);
    List<byte[]> seeds = new ArrayList<>();
    for (int sum = 0; sum <= RIGHT_CHECKSUMS; sum++) {
      seeds.add(seed(sum, new LogFileHeader(MemoryMode.PERSISTENT, persistent, true), 1, true));
      seeds.add(seed(sum, new LogFileHeader(MemoryMode.PERSISTENT, persistent, true), 25, true));
      seeds.add(seed(sum, new LogFileHeader(MemoryMode.PERSISTENT, persistent, false), 1, true));
      seeds.add(seed(sum, new LogFileHeader(MemoryMode.VOLATILE, volatileMemory, true), 1, false));
    }
    return seeds;
  }

  private byte[] seed(int how, LogFileHeader header, int blocks, boolean finish)
      throws IOException {
    AccessLog log = new AccessLog(header.config(), pool);
    try (LogFileWriter writer = LogFileWriter.create(file, header, true, pool)) {
      for (int i = 0; i < blocks; i++) {
        log.appendRead(1, 8, 4);
        log.appendWrite(2, 16, 2, new int[] {7, 9}, 0);
        log.appendIncrement(5);
        writer.append(log);
      }
      log.appendRead(0, 77, 1);
      log.appendWrite(1, 8, 8, new int[] {1, 2, 3, 4, 5, 6, 7, 8}, 0);
      if (finish) {
        writer.finish(log);
      } else {
        writer.append(log);
      }
    } finally {
      log.release();
    }
    byte[] content = Files.readAllBytes(file);
    Files.delete(file);
    return Words.join(new int[] {how}, content);
  }
}
