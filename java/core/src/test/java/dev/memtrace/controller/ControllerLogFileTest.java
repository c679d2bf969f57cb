// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.durable.LogFile;
import dev.memtrace.durable.LogFileException;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFileReport;
import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log in a file beside the backend that takes the log as well. */
class ControllerLogFileTest {
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults().withAsHeight(2).withPointerMaxBits(20).withAccessCapacity(0);
  private static final BufferPool POOL = BufferPool.shared();
  private static final LogFileHeader HEADER =
      new LogFileHeader(MemoryMode.PERSISTENT, CONFIG, true);

  @TempDir private Path temp;

  private Path file = Path.of("");

  @BeforeEach
  void chooseFile() {
    file = temp.resolve("a.mtlog");
  }

  private LogFileWriter writer() {
    return LogFileWriter.create(file, HEADER, false, POOL);
  }

  private static void access(MemoryController memory, long seed, int count) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] cells = new int[8];
    for (int i = 0; i < count; i++) {
      int n = 1 << random.nextInt(4);
      if (random.nextBoolean()) {
        memory.read(1, random.nextInt(1000), n, cells, 0);
      } else {
        Arrays.setAll(cells, _ -> random.nextInt(Controllers.P));
        memory.write(2, random.nextInt(1000), n, cells, 0, new int[8], 0);
      }
    }
  }

  private static int[] finalRoot(MemoryController memory) {
    try (Poseidon2Periphery hasher = new Poseidon2Periphery()) {
      memory.finalizeMemory(hasher);
      return memory.finalRoot();
    }
  }

  private LogFileReport check() {
    return LogFile.open(file).check(POOL, _ -> {});
  }

  /** The log of the file replayed by itself. */
  private int[] rootOfFile() {
    AccessLog log = LogFile.open(file).read(POOL, _ -> {});
    try (MemoryController memory = Controllers.open(MemoryMode.PERSISTENT, CONFIG)) {
      memory.setMemoryLogs(log);
      return finalRoot(memory);
    }
  }

  @Test
  void theFileHasWhatTheBackendHas() {
    int[] root;
    try (MemoryController memory = Controllers.open(MemoryMode.PERSISTENT, CONFIG);
        LogFileWriter writer = writer()) {
      access(memory, 1, 1500);
      memory.writeLogTo(writer);
      assertThat(check().entries()).isEqualTo(1500);
      access(memory, 2, 5000);
      assertThat(check().entries()).isBetween(4000L, 6499L);
      memory.syncLog();
      assertThat(check().entries()).isEqualTo(6500);
      access(memory, 3, 3000);
      root = finalRoot(memory);
      assertThat(check().intact()).isTrue();
    }
    assertThat(check().entries()).isEqualTo(9500);
    assertThat(rootOfFile()).isEqualTo(root);
  }

  @Test
  void aFileThatFailsFailsTheAccessAndNothingElse() throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    int[] cells = {7};
    try (MemoryController memory = Controllers.open(MemoryMode.PERSISTENT, CONFIG);
        MemoryController same = Controllers.open(MemoryMode.PERSISTENT, CONFIG);
        LogFileWriter writer = LogFileWriter.to(channel, file, HEADER, POOL)) {
      memory.writeLogTo(writer);
      channel.close();
      int failures = 0;
      for (int i = 0; i < 5000; i++) {
        try {
          memory.write(1, i, 1, cells, 0, new int[1], 0);
        } catch (LogFileException e) {
          failures++;
          assertThat(e).hasMessageContaining("cannot write block 0");
          assertThat(memory.memoryImage().get(1, i)).isZero();
          memory.write(1, i, 1, cells, 0, new int[1], 0);
        }
        same.write(1, i, 1, cells, 0, new int[1], 0);
      }
      assertThat(failures).isPositive();
      assertThat(memory.memoryLogs().size()).isEqualTo(5000);
      assertThatThrownBy(memory::syncLog).isInstanceOf(LogFileException.class);
      assertThatThrownBy(() -> finalRoot(memory)).isInstanceOf(LogFileException.class);
      assertThat(memory.state()).isEqualTo(State.ACTIVE);
      memory.writeLogTo(null);
      assertThat(finalRoot(memory)).isEqualTo(finalRoot(same));
    }
  }

  @Test
  void aTakenLogIsFinishedByTheCaller() {
    try (MemoryController memory = Controllers.open(MemoryMode.PERSISTENT, CONFIG);
        LogFileWriter writer = writer()) {
      memory.writeLogTo(writer);
      access(memory, 4, 100);
      AccessLog log = memory.takeMemoryLogs();
      access(memory, 5, 100);
      assertThatThrownBy(memory::syncLog)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("writeLogTo");
      writer.finish(log);
      log.release();
    }
    assertThat(check().intact()).isTrue();
    assertThat(check().entries()).isEqualTo(100);
  }

  @Test
  void refusesAFileOfAnotherKind() {
    MemoryConfig wide = CONFIG.withPointerMaxBits(21);
    try (LogFileWriter writer = writer()) {
      try (MemoryController memory = Controllers.open(MemoryMode.PERSISTENT, wide)) {
        assertThatThrownBy(() -> memory.writeLogTo(writer))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("the log was recorded for");
        assertThatThrownBy(memory::syncLog).isInstanceOf(IllegalStateException.class);
      }
      try (MemoryController memory = Controllers.open(MemoryMode.VOLATILE, CONFIG)) {
        assertThatThrownBy(() -> memory.writeLogTo(writer))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("its header says persistent memory");
        memory.finalizeMemory(null);
        assertThatThrownBy(() -> memory.writeLogTo(null))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("ACTIVE");
      }
    }
  }
}
