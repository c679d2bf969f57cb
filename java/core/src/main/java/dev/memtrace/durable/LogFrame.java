// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.nio.ByteBuffer;

/**
 * The header of a frame: a block with its entries and their written cells behind it, or the footer.
 *
 * @param kind {@link LogFileFormat#BLOCK} or {@link LogFileFormat#FOOTER}
 * @param number blocks before it
 * @param firstEntry entries before it
 * @param entries entries in it
 * @param cells written cells in it
 * @param clock timestamp of the first access in it
 * @param payloadChecksum CRC-32C of what is behind the header
 */
record LogFrame(
    int kind,
    int number,
    long firstEntry,
    int entries,
    int cells,
    long clock,
    int payloadChecksum) {

  /** Writes a header to the begin of a buffer and returns its checksum. */
  static int write(ByteBuffer to, int chain, LogFrame frame) {
    to.putInt(0, frame.kind).putInt(4, frame.number).putLong(8, frame.firstEntry);
    to.putInt(16, frame.entries).putInt(20, frame.cells).putLong(24, frame.clock);
    to.putInt(32, frame.payloadChecksum);
    int checksum = LogFileFormat.checksum(chain, to.slice(0, LogFileFormat.FRAME_CHECKED));
    to.putInt(LogFileFormat.FRAME_CHECKED, checksum);
    return checksum;
  }

  static LogFrame read(ByteBuffer from) {
    return new LogFrame(
        from.getInt(0),
        from.getInt(4),
        from.getLong(8),
        from.getInt(16),
        from.getInt(20),
        from.getLong(24),
        from.getInt(32));
  }

  /** The footer behind the blocks that a report counts. */
  static ByteBuffer footer(LogFileReport report, int chain) {
    ByteBuffer bytes = LogFileFormat.buffer(LogFileFormat.FRAME_BYTES);
    write(
        bytes,
        chain,
        new LogFrame(
            LogFileFormat.FOOTER,
            report.blocks(),
            report.entries(),
            0,
            0,
            report.endTimestamp(),
            0));
    return bytes;
  }

  /** Bytes behind the header; entries and cells are within their limits. */
  int payloadBytes() {
    return LogFileFormat.ENTRY_BYTES * entries + LogFileFormat.CELL_BYTES * cells;
  }
}
