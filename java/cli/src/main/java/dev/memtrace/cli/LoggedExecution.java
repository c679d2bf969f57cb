// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.durable.LogFolder;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.rv32.SegmentedExecution;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Writes the log of each segment of an execution to a file of its own. */
final class LoggedExecution implements SegmentedExecution.LogListener {
  private final LogFolder folder;
  private @Nullable LogFileWriter writer;

  LoggedExecution(LogFolder folder) {
    this.folder = folder;
  }

  @Override
  public Consumer<LogSegment> begin() {
    LogFileWriter next = folder.next();
    writer = next;
    return next;
  }

  /** Ends the file. The log of a program that failed is not complete, but all of it is kept. */
  @Override
  public void end(AccessLog log, boolean complete) {
    LogFileWriter ended = writer;
    if (ended == null) {
      throw new IllegalStateException("a log has ended that has not begun");
    }
    if (complete) {
      ended.finish(log);
    } else {
      ended.sync(log);
    }
  }
}
