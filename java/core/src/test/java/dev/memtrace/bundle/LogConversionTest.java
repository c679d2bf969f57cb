// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.durable.LogFile;
import dev.memtrace.durable.LogFileException;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFileReport;
import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogConversionTest {
  private static final BufferPool POOL = BufferPool.shared();

  @TempDir private Path temp;

  private Path input = Path.of("");
  private Path log = Path.of("");
  private Path out = Path.of("");

  @BeforeEach
  void makeInput() throws IOException {
    input = BundleFixture.good(temp.resolve("input"));
    log = temp.resolve("a.mtlog");
    out = temp.resolve("out");
  }

  private long toLog(boolean force) {
    return LogConversion.toLog(Bundle.open(input), log, force, POOL, _ -> {}, _ -> {});
  }

  private BundleManifest toBundle(@Nullable Path initial) {
    return LogConversion.toBundle(
        LogFile.open(log),
        "tiny",
        initial == null ? null : Bundle.open(initial),
        out,
        false,
        POOL,
        _ -> {},
        _ -> {});
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(temp)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private void withoutInitialMemory() throws IOException {
    Files.writeString(
        input.resolve("manifest.json"),
        BundleFixture.manifest(BundleFixture.CONFIG, BundleFixture.LOG_ENTRIES, 0));
    Files.write(input.resolve("initial.bin"), new byte[0]);
  }

  @Test
  void goesThereAndBack() throws IOException {
    assertThat(toLog(false)).isEqualTo(BundleFixture.LOG_ENTRIES);
    LogFileHeader header = LogFile.open(log).header();
    assertThat(header.zeroInitialMemory()).isFalse();
    assertThat(header.config()).isEqualTo(Bundle.open(input).manifest().config());
    BundleManifest made = toBundle(input);
    assertThat(made).isEqualTo(Bundle.open(out).manifest());
    assertThat(made).isEqualTo(Bundle.open(input).manifest());
    for (String name : List.of("log.bin", "initial.bin")) {
      assertThat(Files.mismatch(input.resolve(name), out.resolve(name))).isEqualTo(-1);
    }
    assertThat(names()).containsExactly("a.mtlog", "input", "out");
  }

  @Test
  void memoryOfZerosNeedsNoBundle() throws IOException {
    withoutInitialMemory();
    toLog(false);
    assertThat(LogFile.open(log).header().zeroInitialMemory()).isTrue();
    assertThatThrownBy(() -> toBundle(input))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("leave --initial out");
    assertThat(toBundle(null).initialMemory()).isNull();
    assertThat(Files.mismatch(input.resolve("log.bin"), out.resolve("log.bin"))).isEqualTo(-1);
  }

  @Test
  void initialMemoryThatIsMissingOrOfAnotherKindIsRefused() throws IOException {
    toLog(false);
    assertThatThrownBy(() -> toBundle(null))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("memory was not zero before its first entry");
    Path other = BundleFixture.good(temp.resolve("other"));
    Files.writeString(
        other.resolve("manifest.json"),
        BundleFixture.manifest(
            BundleFixture.CONFIG.replace("\"clk_max_bits\": 24", "\"clk_max_bits\": 23"),
            BundleFixture.LOG_ENTRIES,
            BundleFixture.INITIAL_CELLS));
    assertThatThrownBy(() -> toBundle(other))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("clkMaxBits=23")
        .hasMessageContaining("clkMaxBits=24");
    assertThat(names()).doesNotContain("out", ".out.partial");
  }

  @Test
  void aLogThatIsNotCompleteMakesNoBundle() throws IOException {
    toLog(false);
    byte[] whole = Files.readAllBytes(log);
    Files.write(log, Arrays.copyOf(whole, whole.length - 1));
    assertThatThrownBy(() -> toBundle(input))
        .isInstanceOf(LogFileException.class)
        .hasMessageContaining("39 bytes, and the header of a block takes 40")
        .hasMessageContaining("the 4 entries before can be recovered with 'memtrace log recover'");
    assertThat(names()).containsExactly("a.mtlog", "input");
    Path kept = temp.resolve("kept.mtlog");
    LogFileReport report =
        LogConversion.recover(LogFile.open(log), kept, false, POOL, _ -> {}, _ -> {});
    assertThat(report.lostBytes()).isEqualTo(39);
    assertThat(kept).hasBinaryContent(whole);
  }

  @Test
  void aLogIsReplacedOnlyIfThatIsWantedAndOtherFilesNever() throws IOException {
    toLog(false);
    assertThatThrownBy(() -> toLog(false))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("exists already")
        .hasMessageContaining("--force");
    assertThat(toLog(true)).isEqualTo(4);
    Files.writeString(log, "years of work, and a few bytes more than the header of a log has");
    assertThatThrownBy(() -> toLog(true))
        .isInstanceOf(LogFileException.class)
        .hasMessageContaining("is no log file of memtrace");
    assertThat(log).content().startsWith("years of work");
    log = temp.resolve("missing").resolve("a.mtlog");
    assertThatThrownBy(() -> toLog(false))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("cannot be written: no such file or folder");
  }

  @Test
  void aLogThatIsWrittenIsNotReplaced() throws IOException {
    toLog(false);
    Path source = Files.copy(log, temp.resolve("source.mtlog"));
    LogFileHeader header = LogFile.open(log).header();
    try (LogFileWriter writer = LogFileWriter.create(log, header, true, POOL)) {
      assertThatThrownBy(() -> toLog(true))
          .isInstanceOf(LogFileException.class)
          .hasMessageContaining("is in use");
      assertThatThrownBy(
              () -> LogConversion.recover(LogFile.open(source), log, true, POOL, _ -> {}, _ -> {}))
          .isInstanceOf(LogFileException.class)
          .hasMessageContaining("is in use");
      assertThat(writer.entries()).isZero();
    }
    assertThat(log).hasSize(64);
    LogConversion.recover(LogFile.open(source), log, true, POOL, _ -> {}, _ -> {});
    assertThat(log).hasSameBinaryContentAs(source);
    Path link = Files.createSymbolicLink(temp.resolve("link"), log);
    assertThatThrownBy(
            () -> LogConversion.recover(LogFile.open(log), link, true, POOL, _ -> {}, _ -> {}))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("is the log that is recovered");
    assertThat(names()).containsExactly("a.mtlog", "input", "link", "source.mtlog");
  }

  @Test
  void anIllegalEntryOfABundleMakesNoLog() throws IOException {
    Files.write(input.resolve("log.bin"), BundleFixture.bytes(0, 9, 8, 4, 2, 1, 2, 1, 2, 1));
    assertThatThrownBy(() -> toLog(false))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("log.bin: entry 0");
    assertThat(names()).containsExactly("input");
  }
}
