// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The logs of an execution in segments, {@code NNNN-NAME.mtlog} in a folder: a file a segment,
 * since positions and timestamps begin again with each. Only one process at a time writes a folder:
 * the file of the first segment stays locked.
 */
public final class LogFolder implements AutoCloseable {
  /** Ending of the names of log files. */
  public static final String ENDING = ".mtlog";

  private final Path folder;
  private final String name;
  private final LogFileHeader header;
  private final BufferPool pool;
  private final LogFileWriter first;
  private @Nullable LogFileWriter current;
  private long segments;

  private LogFolder(
      Path folder, String name, LogFileHeader header, BufferPool pool, LogFileWriter first) {
    this.folder = folder;
    this.name = name;
    this.header = header;
    this.pool = pool;
    this.first = first;
  }

  /**
   * Begins the first log in a folder, which is made if it does not exist.
   *
   * @param folder the folder
   * @param name name of the execution, a part of every file's name
   * @param header what the logs are of
   * @param replace whether logs of this name that are there are replaced
   * @param pool where buffers come from
   * @return the folder, closed by the caller
   * @throws LogFileException if there are logs of this name, somebody writes them, or nothing can
   *     be written
   */
  public static LogFolder open(
      Path folder, String name, LogFileHeader header, boolean replace, BufferPool pool) {
    try {
      Files.createDirectories(folder);
      List<Path> before = logs(folder, name);
      if (!before.isEmpty() && !replace) {
        throw new LogFileException(
            folder
                + ": holds "
                + before.getFirst().getFileName()
                + " of another run; recover or remove it, choose another folder, or replace it with --force");
      }
      Path firstFile = file(folder, 0, name);
      List<Path> others = before.stream().filter(log -> !log.equals(firstFile)).toList();
      OpenFile taken = LogFileWriter.take(firstFile, replace);
      requireReplaceable(others, taken);
      LogFileWriter first = LogFileWriter.begin(taken, header, pool);
      boolean complete = false;
      try {
        for (Path log : others) {
          LogFileWriter.remove(log);
        }
        complete = true;
        return new LogFolder(folder, name, header, pool, first);
      } finally {
        if (!complete) {
          first.close();
        }
      }
    } catch (IOException e) {
      throw new LogFileException(
          folder + ": cannot be written: " + DurableFiles.reason(e) + "; choose another folder", e);
    }
  }

  /** Refuses before anything is changed, and gives the first file back then. */
  private static void requireReplaceable(List<Path> logs, OpenFile first) throws IOException {
    boolean complete = false;
    try {
      for (Path log : logs) {
        LogFileWriter.takeExisting(log).close();
      }
      complete = true;
    } finally {
      if (!complete) {
        LogFileWriter.giveBack(first);
      }
    }
  }

  private static Path file(Path folder, long segment, String name) {
    return folder.resolve(String.format(Locale.ROOT, "%04d-%s%s", segment, name, ENDING));
  }

  private static List<Path> logs(Path folder, String name) throws IOException {
    List<Path> logs = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        String file = String.valueOf(entry.getFileName());
        int dash = file.indexOf('-');
        if (dash >= 4
            && file.substring(0, dash).chars().allMatch(c -> c >= '0' && c <= '9')
            && file.substring(dash + 1).equals(name + ENDING)) {
          logs.add(entry);
        }
      }
    } catch (DirectoryIteratorException e) {
      IOException cause = e.getCause();
      throw cause == null ? new IOException(e) : cause;
    }
    logs.sort(null);
    return logs;
  }

  /**
   * Begins the log of the next segment.
   *
   * @return its writer, closed by this
   * @throws LogFileException if it cannot be written
   */
  public LogFileWriter next() {
    closeCurrent();
    LogFileWriter writer =
        segments == 0
            ? first
            : LogFileWriter.create(file(folder, segments, name), header, false, pool);
    current = writer;
    segments++;
    return writer;
  }

  private void closeCurrent() {
    if (current != null && !current.equals(first)) {
      current.close();
    }
    current = null;
  }

  /** Closes the logs as they are. Closing twice has no effect. */
  @Override
  public void close() {
    closeCurrent();
    first.close();
  }
}
