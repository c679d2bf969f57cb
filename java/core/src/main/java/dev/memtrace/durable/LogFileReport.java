// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import org.jspecify.annotations.Nullable;

/**
 * What is in a log file: the longest begin that is as it was written, and what follows it.
 *
 * @param header what the header says
 * @param fileBytes size of the file
 * @param blocks whole blocks at the begin of the file that are as they were written and hold legal
 *     entries only
 * @param entries entries in them
 * @param cells written cells in them
 * @param endTimestamp clock after them
 * @param intactBytes bytes of the header, of these blocks and, if it is right behind them, of the
 *     footer
 * @param footer whether the footer is right behind them, so that the log is complete
 * @param damage why the file does not end there, or has no footer; null if all is well
 */
public record LogFileReport(
    LogFileHeader header,
    long fileBytes,
    int blocks,
    long entries,
    long cells,
    long endTimestamp,
    long intactBytes,
    boolean footer,
    @Nullable String damage) {

  /**
   * Says whether the file is a complete log and nothing else.
   *
   * @return true if there is no damage
   */
  public boolean intact() {
    return damage == null;
  }

  /**
   * Returns how many bytes of the file are lost.
   *
   * @return bytes behind the intact begin
   */
  public long lostBytes() {
    return fileBytes - intactBytes;
  }
}
