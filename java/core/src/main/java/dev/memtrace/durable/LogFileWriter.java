// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes an access log to a file while it grows. A full segment becomes a block of the file at
 * once, so a process that is killed loses the entries since then and no other; {@link #sync} writes
 * what there is and returns when it is on the disk, {@link #finish} adds the footer that says that
 * the log is complete; should the log grow after that, the footer goes and may come again. A file
 * that was not finished is what a killed process leaves as well: {@link LogFile} reads all its
 * blocks.
 *
 * <p>The file is locked while it is open, so no other process writes it. Not thread-safe. After a
 * failure nothing more is written, and everything but {@link #close} throws the failure again.
 */
public final class LogFileWriter implements Consumer<LogSegment>, AutoCloseable {
  private final Path file;
  private final LogFileHeader header;
  private final FileChannel channel;

  /** What is closed with this. */
  private final @Nullable OpenFile owned;

  private final BufferPool pool;
  private final MemorySegment memory;
  private final ByteBuffer buffer;

  /** Checksum of the header of the frame before, or of the file's header. */
  private int chain;

  /** {@link #chain} without the footer. */
  private int chainOfBlocks;

  private int blocks;
  private long entries;
  private long clock = LogFileFormat.FIRST_CLOCK;
  private @Nullable LogFileException failure;
  private boolean finished;
  private boolean open = true;

  private LogFileWriter(
      Path file,
      LogFileHeader header,
      FileChannel channel,
      @Nullable OpenFile owned,
      BufferPool pool) {
    this.file = file;
    this.header = header;
    this.channel = channel;
    this.owned = owned;
    this.pool = pool;
    this.memory = pool.acquire(LogFileFormat.FRAME_BYTES + LogFileFormat.MAX_PAYLOAD);
    this.buffer = memory.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Begins a file. Its header is on the disk when this returns.
   *
   * @param file the file to make
   * @param header what the log is of
   * @param replace whether a log file in its place is replaced; anything else never is
   * @param pool where the buffer of a block comes from
   * @return a writer, closed by the caller
   * @throws LogFileException if the file exists, is in use or cannot be written
   */
  public static LogFileWriter create(
      Path file, LogFileHeader header, boolean replace, BufferPool pool) {
    try {
      return begin(take(file, replace), header, pool);
    } catch (IOException e) {
      throw new LogFileException(
          file + ": cannot be written: " + DurableFiles.reason(e) + "; choose another file", e);
    }
  }

  /** Locks a file that may become a log, and makes it if it does not exist. */
  static OpenFile take(Path file, boolean replace) throws IOException {
    requireRegular(file);
    OpenFile taken = requireFree(OpenFile.write(file, true), file);
    boolean complete = false;
    try {
      requireReplaceable(taken.channel(), file, replace);
      complete = true;
      return taken;
    } finally {
      if (!complete) {
        taken.close();
      }
    }
  }

  /** Begins a log in a file that was taken, and gives the file back if that fails. */
  static LogFileWriter begin(OpenFile taken, LogFileHeader header, BufferPool pool)
      throws IOException {
    LogFileWriter writer = null;
    boolean complete = false;
    try {
      writer = new LogFileWriter(taken.path(), header, taken.channel(), taken, pool);
      writer.begin();
      complete = true;
      return writer;
    } finally {
      if (!complete) {
        try (LogFileWriter _ = writer) {
          giveBack(taken);
        }
      }
    }
  }

  /** Leaves a file that was taken as it was before. */
  static void giveBack(OpenFile taken) throws IOException {
    try (taken) {
      if (taken.created()) {
        Files.deleteIfExists(taken.path());
      }
    }
  }

  /**
   * Begins a log in an empty file that the caller has opened, locked and puts in its place.
   *
   * @param file the file, which stays the caller's
   * @param name its name, for messages
   * @param header what the log is of
   * @param pool where the buffer of a block comes from
   * @return a writer, closed by the caller
   * @throws LogFileException if the file cannot be written
   */
  public static LogFileWriter to(
      FileChannel file, Path name, LogFileHeader header, BufferPool pool) {
    LogFileWriter writer = new LogFileWriter(name, header, file, null, pool);
    boolean complete = false;
    try {
      writer.begin();
      complete = true;
      return writer;
    } catch (IOException e) {
      throw new LogFileException(
          name + ": cannot be written: " + DurableFiles.reason(e) + "; choose another file", e);
    } finally {
      if (!complete) {
        writer.close();
      }
    }
  }

  /**
   * Refuses a log file that cannot be replaced, and locks it otherwise.
   *
   * @param file the file
   * @return the file, closed by the caller
   * @throws LogFileException if it is no log file, or in use
   * @throws IOException if it cannot be opened
   */
  static OpenFile takeExisting(Path file) throws IOException {
    requireRegular(file);
    OpenFile taken = requireFree(OpenFile.write(file, false), file);
    boolean complete = false;
    try {
      requireReplaceable(taken.channel(), file, true);
      complete = true;
      return taken;
    } finally {
      if (!complete) {
        taken.close();
      }
    }
  }

  /**
   * Removes a log file.
   *
   * @param file the file
   * @throws LogFileException if it is no log file, or in use
   * @throws IOException if it cannot be removed
   */
  static void remove(Path file) throws IOException {
    try (OpenFile _ = takeExisting(file)) {
      Files.delete(file);
    }
  }

  private static void requireRegular(Path file) {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new LogFileException(
          file + ": is a link or no regular file; choose another name for the log");
    }
  }

  private static OpenFile requireFree(@Nullable OpenFile taken, Path file) {
    if (taken == null) {
      throw new LogFileException(
          file + ": is in use, somebody writes or reads it; wait for it or choose another file");
    }
    return taken;
  }

  /** A log, or the first bytes of one, as a process leaves it that is killed at its begin. */
  private static void requireReplaceable(FileChannel channel, Path file, boolean replace)
      throws IOException {
    ByteBuffer start = LogFileFormat.buffer(Long.BYTES);
    while (start.hasRemaining() && channel.read(start, start.position()) >= 0) {
      // goes on
    }
    ByteBuffer magic = LogFileFormat.buffer(Long.BYTES).putLong(LogFileFormat.MAGIC).flip();
    if (!start.flip().equals(magic.limit(start.limit()))) {
      throw new LogFileException(
          file + ": is no log file of memtrace; only such a file is replaced, choose another name");
    }
    if (start.hasRemaining() && !replace) {
      throw new LogFileException(
          file
              + ": exists already; recover or remove it, choose another file, or say that it is to be replaced");
    }
  }

  private void begin() throws IOException {
    channel.truncate(0);
    channel.position(0);
    ByteBuffer bytes = header.toBytes();
    chain = LogFileHeader.checksum(bytes);
    LogFileFormat.writeFully(channel, bytes);
    channel.force(true);
    DurableFiles.syncName(file);
  }

  /**
   * Returns the file.
   *
   * @return the path that was given
   */
  public Path file() {
    return file;
  }

  /**
   * Returns what the log is of.
   *
   * @return the header that was given
   */
  public LogFileHeader header() {
    return header;
  }

  /**
   * Returns how many entries were written.
   *
   * @return entries in whole blocks
   */
  public long entries() {
    return entries;
  }

  /**
   * Writes what a segment has beyond what was written already. For {@link
   * AccessLog#setSegmentSink}.
   *
   * @param segment a segment of the log, none of them left out
   * @throws LogFileException if that is not possible
   */
  @Override
  public void accept(LogSegment segment) {
    requireWritable();
    long first = segment.firstEntry();
    if (entries < first) {
      throw new IllegalStateException(
          "a segment that begins with entry "
              + first
              + " cannot follow entry "
              + (entries - 1)
              + "; give this writer every segment of one log");
    }
    if (entries - first >= segment.entries()) {
      return;
    }
    int from = (int) (entries - first);
    int value = from == 0 ? 0 : segment.valueOffset(from);
    while (from < segment.entries()) {
      int to = blockEnd(segment, from);
      value += writeBlock(segment, from, to, value);
      from = to;
    }
  }

  private static int blockEnd(LogSegment segment, int from) {
    int most = Math.min(segment.entries(), from + LogFileFormat.MAX_BLOCK_ENTRIES);
    int cells = 0;
    int to = from;
    while (to < most) {
      cells += LogHeader.valueWords(segment.header(to));
      if (cells > LogFileFormat.MAX_BLOCK_CELLS) {
        break;
      }
      to++;
    }
    return to;
  }

  /** Writes some entries as a block and returns how many written cells they have. */
  private int writeBlock(LogSegment segment, int from, int to, int value) {
    removeFooter();
    long before = clock;
    long at = LogFileFormat.FRAME_BYTES;
    int cells = 0;
    for (int i = from; i < to; i++) {
      long entry = segment.header(i);
      memory.set(IntBuffer64.PAIR, at, LogFileFormat.pack(entry));
      at += LogFileFormat.ENTRY_BYTES;
      cells += LogHeader.valueWords(entry);
      clock += LogHeader.isIncrement(entry) ? LogHeader.pointer(entry) : 1;
    }
    long cellBytes = (long) LogFileFormat.CELL_BYTES * cells;
    MemorySegment.copy(
        segment.values(), (long) LogFileFormat.CELL_BYTES * value, memory, at, cellBytes);
    writeFrame(LogFileFormat.BLOCK, to - from, cells, before, (int) (at + cellBytes));
    blocks++;
    entries += to - from;
    return cells;
  }

  /** Fills in the frame's header and writes the frame. */
  private void writeFrame(int kind, int count, int cells, long before, int end) {
    buffer.clear().limit(end);
    int payload = LogFileFormat.FRAME_BYTES;
    chain =
        LogFrame.write(
            buffer,
            chain,
            new LogFrame(
                kind,
                blocks,
                entries,
                count,
                cells,
                before,
                LogFileFormat.checksum(null, buffer.slice(payload, end - payload))));
    try {
      LogFileFormat.writeFully(channel, buffer);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /**
   * Writes what a log has beyond what was written already.
   *
   * @param log the log, always the same one
   * @throws LogFileException if that is not possible
   * @throws IllegalArgumentException if the log has another configuration than the header
   */
  public void append(AccessLog log) {
    if (!log.config().sameMemory(header.config())) {
      throw new IllegalArgumentException(
          "the log was recorded for "
              + log.config()
              + ", the file "
              + file
              + " is for "
              + header.config());
    }
    requireWritable();
    if (log.size() < entries) {
      throw new IllegalStateException(
          "the log has "
              + log.size()
              + " entries, and "
              + entries
              + " were written already; give this writer one log only");
    }
    log.segments().forEach(this);
  }

  /**
   * Writes what a log has beyond what was written already, and waits until it is on the disk.
   *
   * @param log the log, always the same one
   * @throws LogFileException if that is not possible
   */
  public void sync(AccessLog log) {
    append(log);
    force();
  }

  /**
   * Writes the rest of a log and the footer, and waits until all of it is on the disk. Does nothing
   * if that was done before and the log has not grown.
   *
   * @param log the log, always the same one
   * @throws LogFileException if that is not possible
   */
  public void finish(AccessLog log) {
    append(log);
    if (finished) {
      return;
    }
    chainOfBlocks = chain;
    writeFrame(LogFileFormat.FOOTER, 0, 0, clock, LogFileFormat.FRAME_BYTES);
    force();
    finished = true;
  }

  private void removeFooter() {
    if (!finished) {
      return;
    }
    try {
      channel.truncate(channel.position() - LogFileFormat.FRAME_BYTES);
    } catch (IOException e) {
      throw failed(e);
    }
    chain = chainOfBlocks;
    finished = false;
  }

  private void force() {
    try {
      channel.force(true);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private LogFileException failed(IOException e) {
    failure =
        new LogFileException(
            "%s: cannot write block %d: %s; the %d entries before it can be recovered, free some space or choose another file"
                .formatted(file, blocks, DurableFiles.reason(e), entries),
            e);
    return failure;
  }

  private void requireWritable() {
    if (failure != null) {
      throw new LogFileException(String.valueOf(failure.getMessage()), failure);
    }
    if (!open) {
      throw new IllegalStateException(file + ": is closed; the log in it ends there");
    }
  }

  /**
   * Closes the file as it is. Without {@link #finish} it ends with its last block. Closing twice
   * has no effect.
   */
  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    pool.release(memory);
    try {
      if (owned != null) {
        owned.close();
      }
    } catch (IOException e) {
      // What was forced is on the disk; nothing else was promised.
    }
  }
}
