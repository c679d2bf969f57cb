// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A log of more than 2^31 bytes to a file and back. Takes 6 GB of native memory and as much of a
 * disk, so only {@code -Dmemtrace.limits=full} runs it.
 */
@EnabledIfSystemProperty(named = "memtrace.limits", matches = "full")
class LogFileLimitsTest {
  private static final int ENTRIES = 140_000_000;
  private static final BufferPool POOL = new BufferPool(0);

  @TempDir private Path temp;

  private static AccessLog log(MemoryConfig config) {
    AccessLog log = new AccessLog(config, POOL);
    int[] values = new int[4];
    for (int i = 0; i < ENTRIES / 2; i++) {
      values[0] = i;
      values[3] = ENTRIES - i;
      log.appendWrite(1 + (i & 7), 4 * (i & 0xFF_FFFF), 4, values, 0);
      log.appendRead(1 + (i & 7), 4 * (i & 0xF_FFFF), 4);
    }
    return log;
  }

  private static void assertSame(AccessLog log, AccessLog other, long entries) {
    assertThat(other.size()).isEqualTo(entries);
    int count = LogSegment.indexOf(log.segments(), entries - 1) + 1;
    for (int i = 0; i < count; i++) {
      LogSegment want = log.segments().get(i);
      LogSegment got = other.segments().get(i);
      assertThat(got.firstEntry()).isEqualTo(want.firstEntry());
      long headers = 8L * got.entries();
      long values = 4L * got.valueWords();
      assertThat(got.headers().asSlice(0, headers).mismatch(want.headers().asSlice(0, headers)))
          .isEqualTo(-1);
      assertThat(got.values().asSlice(0, values).mismatch(want.values().asSlice(0, values)))
          .isEqualTo(-1);
    }
  }

  @Test
  void moreThanTwoToThe31Bytes() throws Exception {
    MemoryConfig config = MemoryConfig.defaults();
    LogFileHeader header = new LogFileHeader(MemoryMode.PERSISTENT, config, true);
    Path file = temp.resolve("long.mtlog");
    AccessLog log = log(config);
    try (LogFileWriter writer = LogFileWriter.create(file, header, false, POOL)) {
      writer.finish(log);
    }
    assertThat(Files.size(file)).isGreaterThan(1L << 31);
    AccessLog read = LogFile.open(file).read(POOL, _ -> {});
    assertSame(log, read, ENTRIES);
    read.release();

    // A tail that is lost lies beyond 2^31 bytes too.
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - LogFileFormat.FRAME_BYTES - 1);
    }
    Path recovered = temp.resolve("recovered.mtlog");
    long entries;
    try (FileChannel to =
        FileChannel.open(recovered, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      LogFileReport report = LogFile.open(file).recover(to, POOL, _ -> {});
      entries = report.entries();
      assertThat(report.intactBytes()).isGreaterThan(1L << 31);
    }
    assertThat(entries).isBetween(ENTRIES - 65_536L, ENTRIES - 1L);
    read = LogFile.open(recovered).read(POOL, _ -> {});
    assertSame(log, read, entries);
    read.release();
    log.release();
  }
}
