// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFileWriterTest {
  @TempDir private Path temp;

  private final AccessLog log = new AccessLog(Logs.CONFIG, Logs.POOL);
  private final Random random = new Random(11);
  private Path file = Path.of("");

  @BeforeEach
  void chooseFile() {
    file = temp.resolve("a.mtlog");
  }

  @AfterEach
  void release() {
    log.release();
  }

  private LogFileWriter create(boolean replace) {
    return LogFileWriter.create(file, Logs.HEADER, replace, Logs.POOL);
  }

  private void refused(boolean replace, String... parts) {
    assertThatThrownBy(() -> create(replace))
        .isInstanceOf(LogFileException.class)
        .message()
        .contains(parts);
  }

  @Test
  void fullSegmentsAreInTheFileAtOnce() {
    try (LogFileWriter writer = create(false)) {
      log.setSegmentSink(writer);
      Logs.append(log, random, 200_000);
      long full = log.segments().getLast().firstEntry();
      assertThat(full).isPositive();
      assertThat(writer.entries()).isEqualTo(full);
      assertThat(Logs.check(file).entries()).isEqualTo(full);
      assertThat(Logs.check(file).damage()).contains("ends without a footer");
      log.setSegmentSink(null);
      writer.finish(log);
    }
    assertThat(Logs.read(file)).isEqualTo(Logs.entries(log));
  }

  @Test
  void syncsInTheMiddleOfASegmentChangeNothing() {
    try (LogFileWriter writer = create(false)) {
      log.setSegmentSink(writer);
      for (int i = 0; i < 150; i++) {
        Logs.append(log, random, random.nextInt(3000));
        writer.sync(log);
        assertThat(Logs.check(file).entries()).isEqualTo(log.size());
      }
      writer.finish(log);
    }
    assertThat(Logs.read(file)).isEqualTo(Logs.entries(log));
  }

  @Test
  void aLogThatGrowsAfterItsEndIsFinishedAgain() {
    try (LogFileWriter writer = create(false)) {
      log.setSegmentSink(writer);
      for (int more : new int[] {0, 1, 0, 100_000, 70_000, 5}) {
        Logs.append(log, random, more);
        assertThat(Logs.check(file).entries()).isLessThanOrEqualTo(log.size());
        writer.finish(log);
        assertThat(Logs.check(file).intact()).isTrue();
        assertThat(Logs.read(file)).isEqualTo(Logs.entries(log));
      }
      Logs.append(log, random, 5);
      writer.sync(log);
      assertThat(Logs.check(file).damage()).contains("ends without a footer");
    }
  }

  @Test
  void aLogThatHasEntriesAlreadyIsWrittenFromItsFirstOne() {
    Logs.append(log, random, 100_000);
    try (LogFileWriter writer = create(false)) {
      log.setSegmentSink(writer);
      writer.append(log);
      Logs.append(log, random, 100_000);
      writer.finish(log);
    }
    assertThat(Logs.read(file)).isEqualTo(Logs.entries(log));
  }

  @Test
  void refusesALogOfAnotherConfigurationAndAnotherLog() {
    try (LogFileWriter writer = create(false)) {
      Logs.append(log, random, 70_000);
      writer.append(log);
      AccessLog other = new AccessLog(Logs.CONFIG.withClkMaxBits(28), Logs.POOL);
      assertThatThrownBy(() -> writer.append(other))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the log was recorded for");
      AccessLog shorter = new AccessLog(Logs.CONFIG, Logs.POOL);
      assertThatThrownBy(() -> writer.append(shorter))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the log has 0 entries, and 70000 were written already");
      other.release();
      shorter.release();
    }
    Path next = temp.resolve("b.mtlog");
    try (LogFileWriter writer = LogFileWriter.create(next, Logs.HEADER, false, Logs.POOL)) {
      assertThatThrownBy(() -> writer.accept(log.segments().getLast()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cannot follow entry -1");
    }
  }

  @Test
  void aFileThatIsThereIsReplacedOnlyIfThatIsWanted() {
    Logs.write(file, 1, 10, 10, true);
    refused(false, "exists already", "recover or remove it");
    assertThat(Logs.check(file).entries()).isEqualTo(10);
    create(true).close();
    assertThat(Logs.check(file).fileBytes()).isEqualTo(64);
  }

  @Test
  void whatIsNoLogIsNeverReplaced() throws IOException {
    Files.writeString(file, "years of work");
    refused(false, "is no log file of memtrace", "choose another name");
    refused(true, "is no log file of memtrace");
    assertThat(file).hasContent("years of work");
    Files.writeString(file, "y");
    refused(true, "is no log file of memtrace");
    Path folder = Files.createDirectory(temp.resolve("folder"));
    file = Files.createSymbolicLink(temp.resolve("link"), folder.resolve("far"));
    refused(true, "is a link or no regular file");
    assertThat(folder).isEmptyDirectory();
    file = folder;
    refused(true, "is a link or no regular file");
    file = temp.resolve("missing").resolve("a");
    refused(true, "cannot be written: no such file or folder");
  }

  /** A process that was killed at the very begin has left no entry that could be lost. */
  @Test
  void theBeginOfAHeaderIsReplaced() throws IOException {
    Files.createFile(file);
    create(false).close();
    byte[] header = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(header, 5));
    refused(false, "exists already");
    create(true).close();
    assertThat(file).hasBinaryContent(header);
  }

  @Test
  void aFileInUseIsRefused() {
    try (LogFileWriter writer = create(false)) {
      refused(true, "is in use, somebody writes or reads it");
      assertThat(writer.file()).isEqualTo(file);
    }
    create(true).close();
  }

  /** POSIX drops a process's lock on a file with any channel on it that the process closes. */
  @Test
  void theLockOutlastsReadersAndSecondWritersOfThisProcess() throws Exception {
    try (LogFileWriter writer = create(false)) {
      assertThat(LockProbe.ask(file)).isEqualTo("in use");
      Logs.append(log, random, 10);
      writer.sync(log);
      assertThat(Logs.check(file).entries()).isEqualTo(10);
      refused(true, "is in use");
      assertThatThrownBy(() -> LogFile.lock(file))
          .isInstanceOf(LogFileException.class)
          .hasMessageContaining("is in use");
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> Logs.check(file))
          .isInstanceOf(LogFileException.class)
          .hasMessageContaining("the thread was interrupted");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(LockProbe.ask(file)).isEqualTo("in use");
    }
    assertThat(LockProbe.ask(file)).isEqualTo("free");
  }

  @Test
  void aFileThatThisProcessReadsIsNotReplaced() throws IOException {
    Logs.write(file, 1, 10, 10, true);
    try (OpenFile other = OpenFile.read(file)) {
      assertThat(Logs.check(file).entries()).isEqualTo(10);
      refused(true, "is in use, somebody writes or reads it");
      assertThat(other.channel().size()).isGreaterThan(64);
    }
    create(true).close();
  }

  @Test
  void anEmptyFileOfSomebodyElseStaysWhenTheBeginFails() throws IOException {
    BufferPool none =
        new BufferPool(
            Long.MAX_VALUE,
            _ -> {
              throw new IllegalStateException("no memory");
            });
    for (boolean foreign : new boolean[] {false, true}) {
      if (foreign) {
        Files.createFile(file);
      }
      assertThatThrownBy(() -> LogFileWriter.create(file, Logs.HEADER, true, none))
          .hasStackTraceContaining("no memory");
      assertThat(Files.exists(file)).isEqualTo(foreign);
    }
    create(false).close();
  }

  @Test
  void afterAFailureNothingIsWritten() throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try (LogFileWriter writer = LogFileWriter.to(channel, file, Logs.HEADER, Logs.POOL)) {
      Logs.append(log, random, 100);
      writer.sync(log);
      channel.close();
      Logs.append(log, random, 100);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> writer.append(log))
            .isInstanceOf(LogFileException.class)
            .hasMessageContaining("cannot write block 1")
            .hasMessageContaining("the 100 entries before it can be recovered");
      }
      assertThatThrownBy(() -> writer.finish(log)).isInstanceOf(LogFileException.class);
    }
    assertThat(Logs.check(file).entries()).isEqualTo(100);
  }

  @Test
  void aClosedWriterRefuses() {
    LogFileWriter writer = create(false);
    writer.close();
    writer.close();
    assertThatThrownBy(() -> writer.append(log))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
  }
}
