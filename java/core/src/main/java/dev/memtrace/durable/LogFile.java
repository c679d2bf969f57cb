// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/**
 * A log file, opened for reading. Nothing in it is trusted: sizes are compared with the limits of
 * the format and with the file before memory is taken for them, and every entry is checked against
 * the configuration, whatever the checksums say. A file that is still being written is read as far
 * as it goes. While this process reads it, this process does not replace it. Immutable.
 */
public final class LogFile {
  private final Path file;
  private final LogFileHeader header;

  private LogFile(Path file, LogFileHeader header) {
    this.file = file;
    this.header = header;
  }

  /**
   * Opens a log file and reads its header.
   *
   * @param file the file
   * @return the log file
   * @throws LogFileException if it cannot be read, is no log file, has another version or a header
   *     that is not as it was written
   */
  public static LogFile open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new LogFileException(
          file
              + (Files.exists(file) ? ": is no regular file" : ": does not exist")
              + "; a log is a file that memtrace has written");
    }
    try (OpenFile opened = OpenFile.read(file)) {
      FileChannel channel = opened.channel();
      ByteBuffer bytes = LogFileFormat.buffer(LogFileFormat.HEADER_BYTES);
      OpenFile.requireNoInterrupt();
      if (channel.size() < LogFileFormat.HEADER_BYTES) {
        throw new LogFileException(
            "%s: has %d bytes, and the header of a log takes %d; nothing was recorded in it, remove it"
                .formatted(file, channel.size(), LogFileFormat.HEADER_BYTES));
      }
      BlockReader.readFully(channel, bytes, 0);
      return new LogFile(file, LogFileHeader.fromBytes(bytes, file));
    } catch (IOException e) {
      throw cannotRead(file, e);
    }
  }

  /**
   * Locks a log file that another file is about to replace, so that nobody writes it meanwhile.
   *
   * @param file the file; a link is followed
   * @return gives the lock back when it is closed, by the caller
   * @throws LogFileException if it cannot be read or written, is no log file, or is in use
   */
  public static LogFileLock lock(Path file) {
    open(file);
    try {
      return new LogFileLock(LogFileWriter.takeExisting(file.toRealPath()));
    } catch (IOException e) {
      throw new LogFileException(
          file + ": cannot be replaced: " + DurableFiles.reason(e) + "; choose another file", e);
    }
  }

  /**
   * Returns the file.
   *
   * @return the path that was opened
   */
  public Path file() {
    return file;
  }

  /**
   * Returns what the header says.
   *
   * @return the header
   */
  public LogFileHeader header() {
    return header;
  }

  /**
   * Reads the file to its end or to the first thing that is not as it was written. Takes the memory
   * of one block.
   *
   * @param pool where that memory comes from
   * @param progress hears how many bytes were read so far
   * @return what is in the file
   * @throws LogFileException if the file cannot be read
   */
  public LogFileReport check(BufferPool pool, LongConsumer progress) {
    return scan(pool, progress, BlockSink.checking(header.config(), pool));
  }

  /**
   * Reads a complete log.
   *
   * @param pool where its memory comes from
   * @param progress hears how many bytes were read so far
   * @return a new log, owned by the caller
   * @throws LogFileException if the file is not intact, or cannot be read
   */
  public AccessLog read(BufferPool pool, LongConsumer progress) {
    AccessLog log = new AccessLog(header.config(), pool);
    boolean complete = false;
    try {
      LogFileReport report = scan(pool, progress, BlockSink.appending(log));
      if (!report.intact()) {
        throw new LogFileException(
            "%s: %s; the %d entries before can be recovered with 'memtrace log recover'"
                .formatted(file, report.damage(), report.entries()));
      }
      complete = true;
      return log;
    } finally {
      if (!complete) {
        log.release();
      }
    }
  }

  /**
   * Writes the intact begin of this file as a complete log, block by block as they are.
   *
   * @param to receives a log file, from its position on
   * @param pool where the memory of one block comes from
   * @param progress hears how many bytes were read so far
   * @return what is in this file
   * @throws LogFileException if this file cannot be read
   * @throws UncheckedIOException if the other one cannot be written
   */
  public LogFileReport recover(FileChannel to, BufferPool pool, LongConsumer progress) {
    BlockSink checking = BlockSink.checking(header.config(), pool);
    write(to, header.toBytes());
    try (OpenFile from = OpenFile.read(file);
        BlockReader reader = new BlockReader(from.channel(), header, pool)) {
      LogFileReport report =
          reader.readAll(
              (frame, bytes) -> {
                long clock = checking.accept(frame, bytes);
                write(to, bytes);
                return clock;
              },
              progress);
      write(to, LogFrame.footer(report, reader.chain()));
      return report;
    } catch (IOException e) {
      throw cannotRead(file, e);
    }
  }

  private static void write(FileChannel to, ByteBuffer bytes) {
    try {
      LogFileFormat.writeFully(to, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private LogFileReport scan(BufferPool pool, LongConsumer progress, BlockSink sink) {
    try (OpenFile from = OpenFile.read(file);
        BlockReader reader = new BlockReader(from.channel(), header, pool)) {
      return reader.readAll(sink, progress);
    } catch (IOException e) {
      throw cannotRead(file, e);
    }
  }

  private static LogFileException cannotRead(Path file, IOException e) {
    return new LogFileException(file + ": cannot be read: " + DurableFiles.reason(e), e);
  }
}
