// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogFileTest {
  private static final long READ_OF_4 = 2L << 60 | 1L << 31 | 8;
  private static final long WRITE_OF_2 = 1L << 63 | 1L << 60 | 1L << 31 | 16;

  @TempDir private Path temp;

  private Path file = Path.of("");

  @BeforeEach
  void chooseFile() {
    file = temp.resolve("a.mtlog");
  }

  private static void recover(Path from, Path to) throws IOException {
    try (FileChannel channel =
        FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      LogFile.open(from).recover(channel, Logs.POOL, _ -> {});
    }
  }

  private static byte[] slice(byte[] bytes, int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  /** Places in a file at which a block or the footer begins, and its end. */
  private static int[] frames(byte[] bytes) {
    ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int[] places = new int[1000];
    int n = 0;
    for (int at = LogFileFormat.HEADER_BYTES; at < bytes.length; n++) {
      places[n] = at;
      at += LogFileFormat.FRAME_BYTES + 8 * words.getInt(at + 16) + 4 * words.getInt(at + 20);
    }
    places[n] = bytes.length;
    return Arrays.copyOf(places, n + 1);
  }

  // ------------------------------------------------------------------ intact

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 1", "50, 1", "5000, 70", "200000, 200000", "200000, 33333"})
  void entriesComeBackAsTheyWere(int entries, int block) {
    List<MemoryLogEntry> want = Logs.write(file, entries, entries, block, true);
    LogFileReport report = Logs.check(file);
    assertThat(report.damage()).isNull();
    assertThat(report.footer()).isTrue();
    assertThat(report.entries()).isEqualTo(entries);
    assertThat(report.intactBytes())
        .isEqualTo(report.fileBytes())
        .isEqualTo(file.toFile().length());
    assertThat(report.header()).isEqualTo(Logs.HEADER);
    assertThat(Logs.read(file)).isEqualTo(want);
  }

  @Test
  void aBlockHasAtMostSoManyCells() {
    AccessLog log = new AccessLog(Logs.CONFIG, Logs.POOL);
    int[] values = new int[32];
    for (int i = 0; i < 20_000; i++) {
      log.appendWrite(1, 32 * i, 32, values, 0);
    }
    try (LogFileWriter writer = LogFileWriter.create(file, Logs.HEADER, false, Logs.POOL)) {
      writer.finish(log);
    }
    log.release();
    LogFileReport report = Logs.check(file);
    assertThat(report.intact()).isTrue();
    assertThat(report.cells()).isEqualTo(640_000);
    assertThat(report.blocks()).isGreaterThanOrEqualTo(640_000 / LogFileFormat.MAX_BLOCK_CELLS);
  }

  @Test
  void checkingTakesTheMemoryOfABlock() throws IOException {
    Logs.write(file, 1, 300_000, 300_000, true);
    long[] most = new long[1];
    BufferPool counting =
        new BufferPool(
            Long.MAX_VALUE,
            bytes -> {
              most[0] += bytes;
              return Arena.ofAuto().allocate(bytes, 64);
            });
    assertThat(LogFile.open(file).check(counting, _ -> {}).intact()).isTrue();
    assertThat(most[0]).isLessThan(6L << 20);
    assertThat(Files.size(file)).isGreaterThan(most[0]);
    assertThat(counting.retainedBytes()).isEqualTo(most[0]);
  }

  @ParameterizedTest
  @CsvSource({"VOLATILE, true", "PERSISTENT, true", "PERSISTENT, false"})
  void theHeaderHasTheWholeConfiguration(MemoryMode mode, boolean zero) {
    MemoryConfig config = new MemoryConfig(4, 1, 21, 23, 14, 16, 123_456_789_012L);
    LogFileHeader header = new LogFileHeader(mode, config, zero);
    LogFileWriter.create(file, header, false, Logs.POOL).close();
    assertThat(LogFile.open(file).header()).isEqualTo(header);
  }

  // ------------------------------------------------------------------ cut, changed, mixed up

  @Test
  void everyPrefixIsRecoveredToItsLastWholeBlock() throws IOException {
    List<MemoryLogEntry> want = Logs.write(file, 2, 60, 7, true);
    byte[] whole = Files.readAllBytes(file);
    int[] frames = frames(whole);
    Path cut = temp.resolve("cut");
    Path kept = temp.resolve("kept");
    for (int length = 0; length < whole.length; length++) {
      Files.write(cut, slice(whole, 0, length));
      if (length < LogFileFormat.HEADER_BYTES) {
        assertThatThrownBy(() -> LogFile.open(cut))
            .isInstanceOf(LogFileException.class)
            .hasMessageContaining("has " + length + " bytes, and the header of a log takes 64");
        continue;
      }
      int blocks = 0;
      while (frames[blocks + 1] <= length) {
        blocks++;
      }
      LogFileReport report = Logs.check(cut);
      assertThat(report.footer()).isFalse();
      assertThat(report.blocks()).as("%d bytes", length).isEqualTo(blocks);
      assertThat(report.intactBytes()).isEqualTo(frames[blocks]);
      assertThat(report.lostBytes()).isEqualTo(length - frames[blocks]);
      assertThat(report.damage()).startsWith("block " + blocks + " at byte " + frames[blocks]);
      assertThatThrownBy(() -> Logs.read(cut))
          .isInstanceOf(LogFileException.class)
          .hasMessageContaining("can be recovered");
      recover(cut, kept);
      assertThat(Logs.check(kept).intact()).isTrue();
      assertThat(Logs.read(kept)).isEqualTo(want.subList(0, Math.min(60, 7 * blocks)));
      Files.delete(kept);
    }
  }

  @Test
  void everyChangedByteIsFound() throws IOException {
    List<MemoryLogEntry> want = Logs.write(file, 3, 40, 9, true);
    byte[] whole = Files.readAllBytes(file);
    int[] frames = frames(whole);
    Random random = new Random(4);
    for (int at = 0; at < whole.length; at++) {
      byte[] changed = whole.clone();
      changed[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, changed);
      if (at < LogFileFormat.HEADER_BYTES) {
        assertThatThrownBy(() -> LogFile.open(file)).isInstanceOf(LogFileException.class);
        continue;
      }
      int block = 0;
      while (frames[block + 1] <= at) {
        block++;
      }
      LogFileReport report = Logs.check(file);
      assertThat(report.damage()).as("byte %d", at).startsWith("block " + block + " at byte ");
      assertThat(report.blocks()).isEqualTo(block);
      assertThat(report.entries()).isEqualTo(Math.min(want.size(), 9 * block));
    }
  }

  @Test
  void anIntactLogIsRecoveredAsItIs() throws IOException {
    Logs.write(file, 5, 100, 30, true);
    recover(file, temp.resolve("kept"));
    assertThat(Files.mismatch(file, temp.resolve("kept"))).isEqualTo(-1);
  }

  @Test
  void whatFollowsTheFooterIsNamed() throws IOException {
    List<MemoryLogEntry> want = Logs.write(file, 6, 100, 30, true);
    Files.write(file, new byte[17], StandardOpenOption.APPEND);
    LogFileReport report = Logs.check(file);
    assertThat(report.footer()).isTrue();
    assertThat(report.damage()).contains("17 bytes follow the footer");
    recover(file, temp.resolve("kept"));
    assertThat(Logs.read(temp.resolve("kept"))).isEqualTo(want);
  }

  @Test
  void blocksOutOfPlaceAreFound() throws IOException {
    Logs.write(file, 7, 90, 30, true);
    byte[] one = Files.readAllBytes(file);
    int[] at = frames(one);
    Path second = temp.resolve("b.mtlog");
    Logs.write(second, 8, 90, 30, true);
    byte[] other = Files.readAllBytes(second);
    int[] otherAt = frames(other);
    byte[][][] mixtures = {
      {slice(one, at[1], at[2]), slice(one, at[0], at[1])}, // swapped
      {slice(one, at[1], at[4])}, // the first is missing
    };
    for (byte[][] mixture : mixtures) {
      assertThat(Logs.check(Logs.file(file, mixture)).blocks()).isZero();
    }
    byte[][][] later = {
      {slice(one, 64, at[1]), slice(one, at[0], at[1])}, // twice
      {slice(one, 64, at[1]), slice(one, at[2], at[4])}, // one is missing
      {slice(one, 64, at[1]), slice(other, otherAt[1], otherAt[4])}, // of another log
    };
    for (byte[][] mixture : later) {
      LogFileReport report = Logs.check(Logs.file(file, mixture));
      assertThat(report.blocks()).isEqualTo(1);
      assertThat(report.damage()).contains("block 1 ", "checksum of its header");
    }
  }

  // ------------------------------------------------------------------ forged

  private void refusedBlock(LogFrame frame, long[] entries, int[] cells, String message)
      throws IOException {
    byte[] good =
        Logs.frame(
            Logs.headerChain(),
            new LogFrame(LogFileFormat.BLOCK, 0, 0, 1, 0, 1, 0),
            new long[] {READ_OF_4},
            new int[0]);
    Logs.file(file, good, Logs.frame(Logs.chain(good), frame, entries, cells));
    LogFileReport report = Logs.check(file);
    assertThat(report.damage()).startsWith("block 1 at byte 112: ").contains(message);
    assertThat(report.entries()).isEqualTo(1);
    assertThat(report.intactBytes()).isEqualTo(112);
    assertThatThrownBy(() -> Logs.read(file))
        .isInstanceOf(LogFileException.class)
        .hasMessageContaining(message);
    Path kept = temp.resolve("kept");
    recover(file, kept);
    assertThat(Logs.read(kept)).containsExactly(new MemoryLogEntry.Read(1, 8, 4));
  }

  private static LogFrame second(int entries, int cells) {
    return new LogFrame(LogFileFormat.BLOCK, 1, 1, entries, cells, 2, 0);
  }

  private void refusedEntry(long entry, int[] cells, String message) throws IOException {
    refusedBlock(second(2, cells.length), new long[] {READ_OF_4, entry}, cells, message);
    assertThat(Logs.check(file).damage()).startsWith("block 1 at byte 112: entry 2: ");
    Files.delete(temp.resolve("kept"));
  }

  @Test
  void illegalEntriesAreRefusedThoughTheChecksumIsRight() throws IOException {
    refusedEntry(WRITE_OF_2, new int[] {1, Logs.P}, "write of 2013265921 at (1, 17)");
    refusedEntry(2L << 60 | 9L << 31, new int[0], "address spaces are 1 to 8");
    refusedEntry(READ_OF_4 | (1L << 29), new int[0], "an address space has 536870912 cells");
    refusedEntry(6L << 60 | 1L << 31, new int[0], "the largest access is maxAccessAdapterN = 32");
    refusedEntry(1L << 63 | 6L << 60 | 1L << 31, new int[0], "the largest access is");
    refusedEntry(1L << 63 | 7L << 60 | 1L << 31, new int[0], "the largest access is");
    refusedEntry(1L << 60 | 3, new int[0], "an immediate read has exactly 1");
    refusedEntry(Logs.P, new int[0], "the immediate 2013265921 is not below p");
    refusedEntry(1L << 63 | 1L << 60 | 3, new int[0], "a clock increment has a size");
    refusedEntry(1L << 63 | (1L << 29) - 3, new int[0], "clock overflow");
    refusedEntry(WRITE_OF_2, new int[] {1}, "a write of 2 cells, and the block has 1 left");
  }

  @Test
  void aBlockThatIsNotTheNextIsRefused() throws IOException {
    long[] one = {READ_OF_4};
    int[] none = {};
    String next = "and entry 1 at timestamp 2 is next";
    refusedBlock(second(1, 1), one, new int[] {7}, "its writes have 0 cells, and it has 1");
    for (LogFrame frame :
        List.of(
            new LogFrame(LogFileFormat.BLOCK, 2, 1, 1, 0, 2, 0),
            new LogFrame(LogFileFormat.BLOCK, 1, 2, 1, 0, 2, 0),
            new LogFrame(LogFileFormat.BLOCK, 1, 1, 1, 0, 3, 0),
            new LogFrame(LogFileFormat.FOOTER, 1, 5, 0, 0, 2, 0))) {
      Files.delete(temp.resolve("kept"));
      refusedBlock(frame, one, none, next);
    }
    Files.delete(temp.resolve("kept"));
    refusedBlock(new LogFrame(0x12345678, 1, 1, 1, 0, 2, 0), one, none, "its kind 12345678");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, it has 0 entries and 0 cells; the limits are 65536 and 131072",
    "65537, 0, it has 65537 entries and 0 cells",
    "-1, 0, it has 4294967295 entries and 0 cells",
    "1, 131073, it has 1 entries and 131073 cells",
    "1, -1, it has 1 entries and 4294967295 cells",
    "2, 0, 'its content takes 16 bytes, and the file ends after 8'",
    "65536, 131072, 'its content takes 1048576 bytes, and the file ends after 8'"
  })
  void aSizeIsComparedWithItsLimitsAndTheFile(int entries, int cells, String message)
      throws IOException {
    refusedBlock(second(entries, cells), new long[] {READ_OF_4}, new int[0], message);
  }

  @Test
  void aFooterHasNothing() throws IOException {
    refusedBlock(
        new LogFrame(LogFileFormat.FOOTER, 1, 1, 1, 0, 2, 0),
        new long[] {READ_OF_4},
        new int[0],
        "the limits are 0 and 0");
  }

  // ------------------------------------------------------------------ headers

  private void refusedHeader(int at, int word, String message) throws IOException {
    byte[] header = Logs.header();
    ByteBuffer bytes = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(at, word);
    bytes.putInt(60, LogFileFormat.checksum(null, bytes.slice(0, 60)));
    Files.write(file, header);
    assertThatThrownBy(() -> LogFile.open(file))
        .isInstanceOf(LogFileException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void headersThatAreNoneAreRefused() throws IOException {
    refusedHeader(0, 7, "is no log file of memtrace");
    refusedHeader(8, 2, "has version 2; this memtrace reads version 1");
    refusedHeader(12, 2, "the header's mode is 2; it must be 0 or 1");
    refusedHeader(16, -1, "the header's initial memory is 4294967295");
    refusedHeader(20, 29, "asHeight is 29; it must be 1 to 28");
    refusedHeader(28, 30, "pointerMaxBits is 30");
    refusedHeader(52, 1 << 31, "accessCapacity is -9223372036854775808");
    refusedHeader(44, 1, "the unused words of the header are not 0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "folder"})
  void whatIsNoFileIsRefused(String name) throws IOException {
    Files.createDirectory(temp.resolve("folder"));
    assertThatThrownBy(() -> LogFile.open(temp.resolve(name)))
        .isInstanceOf(LogFileException.class)
        .hasMessageContaining(name.equals("folder") ? "is no regular file" : "does not exist");
  }

  @Test
  void volatileMemoryBeginsWithZeros() {
    assertThatThrownBy(() -> new LogFileHeader(MemoryMode.VOLATILE, Logs.CONFIG, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("volatile memory starts at zero");
  }
}
