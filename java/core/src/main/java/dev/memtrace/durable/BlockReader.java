// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.durable.BlockSink.IllegalBlockException;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Reads the frames of a file up to the first one that is not as it was written. */
final class BlockReader implements AutoCloseable {
  private final FileChannel channel;
  private final LogFileHeader header;
  private final BufferPool pool;
  private final long size;
  private final MemorySegment memory;

  /** Room for a frame: the largest, or the whole file if that is smaller. */
  private final ByteBuffer buffer;

  private int chain;
  private long at = LogFileFormat.HEADER_BYTES;
  private int blocks;
  private long entries;
  private long cells;
  private long clock = LogFileFormat.FIRST_CLOCK;

  BlockReader(FileChannel channel, LogFileHeader header, BufferPool pool) throws IOException {
    this.channel = channel;
    this.header = header;
    this.pool = pool;
    OpenFile.requireNoInterrupt();
    this.size = channel.size();
    this.chain = LogFileHeader.checksum(header.toBytes());
    this.memory =
        pool.acquire(
            Math.clamp(
                size,
                LogFileFormat.FRAME_BYTES,
                LogFileFormat.FRAME_BYTES + LogFileFormat.MAX_PAYLOAD));
    this.buffer = memory.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Fills a buffer from a place in a file that is long enough. */
  static void readFully(FileChannel channel, ByteBuffer to, long from) throws IOException {
    for (long at = from; to.hasRemaining(); ) {
      OpenFile.requireNoInterrupt();
      int n = channel.read(to, at);
      if (n < 0) {
        throw new IOException("it became shorter while it was read");
      }
      at += n;
    }
    to.flip();
  }

  /**
   * Reads to the footer, to the end or to the first damage.
   *
   * @param sink takes each block, before which everything is intact
   * @param progress hears how many bytes were read so far
   */
  LogFileReport readAll(BlockSink sink, LongConsumer progress) throws IOException {
    String damage;
    boolean footer = false;
    do {
      progress.accept(at);
      damage = readFrame();
      if (damage == null) {
        LogFrame frame = LogFrame.read(buffer);
        if (frame.kind() == LogFileFormat.FOOTER) {
          at += LogFileFormat.FRAME_BYTES;
          footer = true;
        } else {
          damage = take(frame, sink);
        }
      }
    } while (damage == null && !footer);
    if (damage == null && at < size) {
      damage = place("%d bytes follow the footer".formatted(size - at));
    }
    return new LogFileReport(header, size, blocks, entries, cells, clock, at, footer, damage);
  }

  /** Checksum of the header of the last intact block, or of the file's header. */
  int chain() {
    return chain;
  }

  /** Reads a frame to the buffer and returns what is wrong with it, or null. */
  private @Nullable String readFrame() throws IOException {
    long left = size - at;
    if (left == 0) {
      return place("the file ends without a footer, so its writer has not finished it");
    }
    if (left < LogFileFormat.FRAME_BYTES) {
      return place(
          "%d bytes, and the header of a block takes %d"
              .formatted(left, LogFileFormat.FRAME_BYTES));
    }
    readFully(channel, buffer.clear().limit(LogFileFormat.FRAME_BYTES), at);
    int sum = LogFileFormat.checksum(chain, buffer.slice(0, LogFileFormat.FRAME_CHECKED));
    int stored = buffer.getInt(LogFileFormat.FRAME_CHECKED);
    if (sum != stored) {
      return place("the checksum of its header is %08x instead of %08x".formatted(sum, stored));
    }
    LogFrame frame = LogFrame.read(buffer);
    String why = whyNotNext(frame, left - LogFileFormat.FRAME_BYTES);
    if (why != null) {
      return why;
    }
    int end = LogFileFormat.FRAME_BYTES + frame.payloadBytes();
    readFully(
        channel,
        buffer.clear().limit(end).position(LogFileFormat.FRAME_BYTES),
        at + LogFileFormat.FRAME_BYTES);
    int payload =
        LogFileFormat.checksum(null, buffer.slice(LogFileFormat.FRAME_BYTES, frame.payloadBytes()));
    if (payload != frame.payloadChecksum()) {
      return place(
          "the checksum of its content is %08x instead of %08x"
              .formatted(payload, frame.payloadChecksum()));
    }
    return null;
  }

  private @Nullable String whyNotNext(LogFrame frame, long left) {
    boolean block = frame.kind() == LogFileFormat.BLOCK;
    if (!block && frame.kind() != LogFileFormat.FOOTER) {
      return place("its kind %08x is unknown".formatted(frame.kind()));
    }
    if (frame.number() != blocks || frame.firstEntry() != entries || frame.clock() != clock) {
      return place(
          "it says that it is block %d, from entry %d at timestamp %d on, and entry %d at timestamp %d is next"
              .formatted(
                  Integer.toUnsignedLong(frame.number()),
                  frame.firstEntry(),
                  frame.clock(),
                  entries,
                  clock));
    }
    int least = block ? 1 : 0;
    int most = block ? LogFileFormat.MAX_BLOCK_ENTRIES : 0;
    int mostCells = block ? LogFileFormat.MAX_BLOCK_CELLS : 0;
    if (frame.entries() < least
        || frame.entries() > most
        || frame.cells() < 0
        || frame.cells() > mostCells) {
      return place(
          "it has %d entries and %d cells; the limits are %d and %d"
              .formatted(
                  Integer.toUnsignedLong(frame.entries()),
                  Integer.toUnsignedLong(frame.cells()),
                  most,
                  mostCells));
    }
    if (frame.entries() > AccessLog.MAX_ENTRIES - entries) {
      return place("it goes beyond the %d entries of a log".formatted(AccessLog.MAX_ENTRIES));
    }
    if (frame.payloadBytes() > left) {
      return place(
          "its content takes %d bytes, and the file ends after %d"
              .formatted(frame.payloadBytes(), left));
    }
    return null;
  }

  /** Hands a block over and returns why it is refused, or null. */
  private @Nullable String take(LogFrame frame, BlockSink sink) throws IOException {
    try {
      clock = sink.accept(frame, buffer.position(0));
      chain = buffer.getInt(LogFileFormat.FRAME_CHECKED);
    } catch (IllegalBlockException e) {
      return place(String.valueOf(e.getMessage()));
    }
    at += LogFileFormat.FRAME_BYTES + frame.payloadBytes();
    blocks++;
    entries += frame.entries();
    cells += frame.cells();
    return null;
  }

  private String place(String what) {
    return "block " + blocks + " at byte " + at + ": " + what;
  }

  /** Gives the memory back; the channel is the caller's. */
  @Override
  public void close() {
    pool.release(memory);
  }
}
