// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.bundle.BundleManifest.Stored;
import dev.memtrace.durable.CompleteFile;
import dev.memtrace.durable.DurableFiles;
import dev.memtrace.durable.LogFile;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFileLock;
import dev.memtrace.durable.LogFileReport;
import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes a bundle of a log file, a log file of a bundle, and a complete log file of a damaged one.
 */
public final class LogConversion {
  private LogConversion() {}

  /**
   * Makes a bundle without traces of a complete log.
   *
   * @param source the log
   * @param name name of the segment
   * @param initial a bundle whose initial memory the segment began with; null if all was zero
   * @param target the folder to make; must be absent or empty unless {@code force}
   * @param force whether a bundle in its place is replaced
   * @param pool where the memory of the log comes from
   * @param progress hears how many bytes of the log were read so far
   * @param beforeCommit hears the number of entries when all is written and nothing is in its
   *     place; nothing is kept if it throws
   * @return the manifest that was written
   * @throws BundleException if the initial memory is missing, not wanted or of another
   *     configuration, or the bundle cannot be written
   * @throws dev.memtrace.durable.LogFileException if the log is not complete, or cannot be read
   */
  public static BundleManifest toBundle(
      LogFile source,
      String name,
      @Nullable Bundle initial,
      Path target,
      boolean force,
      BufferPool pool,
      LongConsumer progress,
      LongConsumer beforeCommit) {
    Stored memory = initialMemory(source, initial);
    AccessLog log = source.read(pool, progress);
    try {
      BundleManifest manifest =
          new BundleManifest(
              name,
              source.header().mode(),
              source.header().config(),
              new Stored(BundleFormat.LOG, log.size()),
              memory,
              null,
              null,
              null);
      try (BundleWriter out = BundleWriter.begin(manifest, target, force, pool)) {
        out.writeLog(log);
        if (initial != null) {
          out.addInitialMemory(initial);
        }
        beforeCommit.accept(log.size());
        return out.commitInput();
      }
    } finally {
      log.release();
    }
  }

  private static @Nullable Stored initialMemory(LogFile source, @Nullable Bundle initial) {
    LogFileHeader header = source.header();
    if (initial == null) {
      if (!header.zeroInitialMemory()) {
        throw new BundleException(
            source.file()
                + ": memory was not zero before its first entry, and the log does not hold it; name a bundle that does with --initial");
      }
      return null;
    }
    BundleManifest manifest = initial.manifest();
    if (header.zeroInitialMemory()) {
      throw new BundleException(
          source.file() + ": memory was zero before its first entry; leave --initial out");
    }
    if (manifest.mode() != header.mode() || !manifest.config().sameMemory(header.config())) {
      throw new BundleException(
          "%s: has %s memory of %s; the log %s has %s memory of %s"
              .formatted(
                  initial.folder(),
                  manifest.mode().label(),
                  manifest.config(),
                  source.file(),
                  header.mode().label(),
                  header.config()));
    }
    Stored memory = manifest.initialMemory();
    return memory == null ? null : new Stored(BundleFormat.INITIAL, memory.count());
  }

  /**
   * Makes a log file of the log of a bundle.
   *
   * @param source the bundle
   * @param target the file to make
   * @param force whether a log file in its place is replaced
   * @param pool where the memory of the log comes from
   * @param progress hears how many stored bytes were read so far
   * @param beforeCommit hears the number of entries when all is written and nothing is in its
   *     place; nothing is kept if it throws
   * @return the number of entries
   * @throws BundleException if the bundle cannot be read or the file not be written
   */
  public static long toLog(
      Bundle source,
      Path target,
      boolean force,
      BufferPool pool,
      LongConsumer progress,
      LongConsumer beforeCommit) {
    requireAbsent(target, force);
    BundleManifest manifest = source.manifest();
    Stored initial = manifest.initialMemory();
    LogFileHeader header =
        new LogFileHeader(
            manifest.mode(), manifest.config(), initial == null || initial.count() == 0);
    AccessLog log = source.readLog(pool, progress);
    try (LogFileLock replaced = lockReplaced(target);
        CompleteFile file = CompleteFile.begin(target)) {
      try (LogFileWriter writer = LogFileWriter.to(file.channel(), target, header, pool)) {
        writer.finish(log);
      }
      beforeCommit.accept(log.size());
      file.commit(replaced != null);
      return log.size();
    } catch (IOException e) {
      throw cannotWrite(target, e);
    } finally {
      log.release();
    }
  }

  /**
   * Makes a complete log file of the intact begin of another.
   *
   * @param source the log
   * @param target the file to make
   * @param force whether a log file in its place is replaced
   * @param pool where the memory of a block comes from
   * @param progress hears how many bytes were read so far
   * @param beforeCommit hears what is in the source when all is written and nothing is in its
   *     place; nothing is kept if it throws
   * @return what is in the source
   * @throws BundleException if the file cannot be written
   * @throws dev.memtrace.durable.LogFileException if the source cannot be read
   */
  public static LogFileReport recover(
      LogFile source,
      Path target,
      boolean force,
      BufferPool pool,
      LongConsumer progress,
      Consumer<LogFileReport> beforeCommit) {
    requireAbsent(target, force);
    try (LogFileLock replaced = lockReplaced(source, target);
        CompleteFile file = CompleteFile.begin(target)) {
      LogFileReport report = source.recover(file.channel(), pool, progress);
      beforeCommit.accept(report);
      file.commit(replaced != null);
      return report;
    } catch (IOException e) {
      throw cannotWrite(target, e);
    } catch (UncheckedIOException e) {
      IOException cause = e.getCause();
      throw cannotWrite(target, cause == null ? new IOException(e) : cause);
    }
  }

  private static void requireAbsent(Path target, boolean force) {
    if (!force && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new BundleException(
          target + ": exists already; remove it, choose another file, or replace it with --force");
    }
  }

  /** Locks the file that is replaced, if there is one, until another has taken its place. */
  private static @Nullable LogFileLock lockReplaced(Path target) {
    return Files.exists(target, LinkOption.NOFOLLOW_LINKS) ? LogFile.lock(target) : null;
  }

  private static @Nullable LogFileLock lockReplaced(LogFile source, Path target)
      throws IOException {
    if (Files.exists(target) && Files.isSameFile(source.file(), target)) {
      throw new BundleException(
          target + ": is the log that is recovered, which stays as it is; choose another file");
    }
    return lockReplaced(target);
  }

  private static BundleException cannotWrite(Path target, IOException e) {
    String why =
        e instanceof FileAlreadyExistsException ? "somebody has made it" : DurableFiles.reason(e);
    return new BundleException(
        target + ": cannot be written: " + why + "; nothing was kept, choose another file", e);
  }
}
