// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BundleTest {
  @TempDir private Path temp;

  @BeforeEach
  void makeGoodBundle() throws IOException {
    BundleFixture.good(temp);
  }

  private AccessLog readLog() {
    return Bundle.open(temp).readLog(BufferPool.shared(), bytes -> {});
  }

  private AddressMap readInitial() {
    return Bundle.open(temp).readInitialMemory(bytes -> {});
  }

  private void manifest(String json) throws IOException {
    Files.writeString(temp.resolve("manifest.json"), json);
  }

  private void replaceInManifest(String old, String now) throws IOException {
    String json = Files.readString(temp.resolve("manifest.json"));
    assertThat(json).contains(old);
    manifest(json.replace(old, now));
  }

  private void log(int entries, int... words) throws IOException {
    manifest(BundleFixture.manifest(BundleFixture.CONFIG, entries, BundleFixture.INITIAL_CELLS));
    Files.write(temp.resolve("log.bin"), BundleFixture.bytes(words));
  }

  private void initial(int cells, int... words) throws IOException {
    manifest(BundleFixture.manifest(BundleFixture.CONFIG, BundleFixture.LOG_ENTRIES, cells));
    Files.write(temp.resolve("initial.bin"), BundleFixture.bytes(words));
  }

  private void refused(String... parts) {
    assertThatThrownBy(() -> Bundle.open(temp))
        .isInstanceOf(BundleException.class)
        .message()
        .contains(parts);
  }

  private void logRefused(String... parts) {
    assertThatThrownBy(this::readLog).isInstanceOf(BundleException.class).message().contains(parts);
  }

  private void initialRefused(String... parts) {
    assertThatThrownBy(this::readInitial)
        .isInstanceOf(BundleException.class)
        .message()
        .contains(parts);
  }

  // ------------------------------------------------------------------ good

  private void assertReadsAsWritten() {
    AccessLog log = readLog();
    assertThat(log)
        .containsExactly(
            new MemoryLogEntry.Read(1, 8, 4),
            new MemoryLogEntry.Write(2, 16, new int[] {7, 9}),
            new MemoryLogEntry.IncrementTimestampBy(5),
            new MemoryLogEntry.Read(0, 77, 1));
    assertThat(log.endTimestamp()).isEqualTo(9);
    AddressMap initial = readInitial();
    assertThat(initial.nonZeroCells()).isEqualTo(3);
    assertThat(initial.get(1, 9)).isEqualTo(4);
    assertThat(initial.get(2, 0)).isEqualTo(5);
  }

  @Test
  void readsABundle() {
    assertReadsAsWritten();
    BundleManifest manifest = Bundle.open(temp).manifest();
    assertThat(manifest.mode()).isEqualTo(MemoryMode.PERSISTENT);
    assertThat(manifest.name()).isEqualTo("tiny");
    assertThat(manifest.config().pointerMaxBits()).isEqualTo(14);
    assertThat(manifest.airs()).isNull();
  }

  @Test
  void readsTheGzippedForm() throws IOException {
    for (String name : List.of("log.bin", "initial.bin")) {
      byte[] content = Files.readAllBytes(temp.resolve(name));
      Files.delete(temp.resolve(name));
      Files.write(temp.resolve(name + ".gz"), BundleFixture.gzip(content));
    }
    assertReadsAsWritten();
  }

  @Test
  void ignoresUnknownKeysOutsideTheConfiguration() throws IOException {
    replaceInManifest("\"name\":", "\"colour\": {\"red\": [1.5, null, true]}, \"name\":");
    assertReadsAsWritten();
  }

  @Test
  void takesABundleWithoutInitialMemory() throws IOException {
    replaceInManifest("\"initial_memory\"", "\"something_else\"");
    assertThat(readInitial().nonZeroCells()).isZero();
  }

  @Test
  void followsALinkInsideTheBundle() throws IOException {
    Files.move(temp.resolve("log.bin"), temp.resolve("other.bin"));
    Files.createSymbolicLink(temp.resolve("log.bin"), Path.of("other.bin"));
    assertReadsAsWritten();
  }

  // ------------------------------------------------------------------ folder and files

  @Test
  void refusesAFolderThatDoesNotExist() {
    assertThatThrownBy(() -> Bundle.open(temp.resolve("nowhere")))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("does not exist");
  }

  @Test
  void refusesAFile() {
    assertThatThrownBy(() -> Bundle.open(temp.resolve("log.bin")))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("is not a folder");
  }

  @Test
  void refusesAFolderWithoutManifest() throws IOException {
    Files.delete(temp.resolve("manifest.json"));
    refused("has no manifest.json");
  }

  @Test
  void refusesAMissingLog() throws IOException {
    Files.delete(temp.resolve("log.bin"));
    refused("has neither log.bin nor log.bin.gz");
  }

  @Test
  void refusesBothFormsAtOnce() throws IOException {
    Files.write(temp.resolve("log.bin.gz"), BundleFixture.gzip(new byte[0]));
    refused("has both log.bin and log.bin.gz", "remove the other");
  }

  @Test
  void refusesALinkThatLeavesTheBundle(@TempDir Path outside) throws IOException {
    Files.move(temp.resolve("log.bin"), outside.resolve("log.bin"));
    Files.createSymbolicLink(temp.resolve("log.bin"), outside.resolve("log.bin"));
    refused("log.bin", "is a link to", "not in the bundle");
  }

  @Test
  void refusesAManifestLinkThatLeavesTheBundle(@TempDir Path outside) throws IOException {
    Files.move(temp.resolve("manifest.json"), outside.resolve("m"));
    Files.createSymbolicLink(temp.resolve("manifest.json"), outside.resolve("m"));
    refused("manifest.json", "is a link to");
  }

  @Test
  void refusesAFolderInPlaceOfAFile() throws IOException {
    Files.delete(temp.resolve("log.bin"));
    Files.createDirectory(temp.resolve("log.bin"));
    refused("log.bin", "is not a regular file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../log.bin",
        "/etc/hostname",
        "a/log.bin",
        "..",
        ".",
        "",
        "a\\\\log.bin",
        "C:log.bin",
        "manifest.json",
        "log.bin.gz",
        "log\\u0000.bin"
      })
  void refusesAFileNameThatIsNotPlain(String name) throws IOException {
    replaceInManifest("\"log.bin\"", '"' + name + '"');
    refused("manifest.json: log.file is", "plain name");
  }

  // ------------------------------------------------------------------ manifest

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "7", "{", "{\"a\": 1} {}", "nonsense", "{\"format\": tru}"})
  void refusesWhatIsNoJsonObject(String json) throws IOException {
    manifest(json);
    refused("manifest.json");
  }

  @Test
  void refusesADuplicateKey() throws IOException {
    replaceInManifest("\"name\":", "\"name\": \"a\", \"name\":");
    refused("manifest.json: line 1", "uplicate", "name");
  }

  @Test
  void refusesAnotherFormat() throws IOException {
    replaceInManifest("bundle/1", "bundle/2");
    refused("format is \"memory-trace-bundle/2\"", "reads \"memory-trace-bundle/1\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mode",
        "as_height",
        "as_offset",
        "pointer_max_bits",
        "clk_max_bits",
        "range_max_bits",
        "max_access_adapter_n"
      })
  void refusesAConfigurationWithoutAKey(String key) throws IOException {
    // The unknown key that stands in its place must not hide that it is missing.
    replaceInManifest('"' + key + '"', "\"x\"");
    refused("config." + key + " is missing");
  }

  @Test
  void refusesAnUnknownKeyInTheConfiguration() throws IOException {
    replaceInManifest("\"mode\"", "\"decomp\": 17, \"mode\"");
    refused("config.decomp is unknown", "range_max_bits");
  }

  @ParameterizedTest
  @ValueSource(strings = {"format", "name", "config", "log", "file", "entries", "cells"})
  void refusesAManifestWithoutAKey(String key) throws IOException {
    replaceInManifest('"' + key + "\":", "\"x\":");
    refused("manifest.json", key + " is missing");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"persistent\"|\"paged\"|config.mode is \"paged\"",
        "\"persistent\"|1|config.mode is 1; it must be a string",
        "\"as_height\": 1|\"as_height\": 29|as_height is 29; it must be 1 to 28",
        "\"as_height\": 1|\"as_height\": -1|config.as_height is -1; it must be 0 to",
        "\"as_height\": 1|\"as_height\": 1.0|config.as_height is 1.0; it must be an integer",
        "\"as_height\": 1|\"as_height\": \"1\"|config.as_height is \"1\"; it must be an integer",
        "\"as_height\": 1|\"as_height\": null|config.as_height is null; it must be an integer",
        "\"as_height\": 1|\"as_height\": 99999999999999999999|is 99999999999999999999; it must be",
        "\"as_offset\": 1|\"as_offset\": 2|as_offset is 2; it must be 1",
        "\"pointer_max_bits\": 14|\"pointer_max_bits\": 30|pointer_max_bits is 30",
        "\"clk_max_bits\": 24|\"clk_max_bits\": 25|clk_max_bits is 25",
        "\"range_max_bits\": 12|\"range_max_bits\": 27|range_max_bits is 27",
        "_n\": 8|_n\": 4|max_access_adapter_n is 4; it must be at least 8",
        "\"entries\": 4|\"entries\": -1|log.entries is -1; it must be 0 to 4294967295",
        "\"entries\": 4|\"entries\": 4294967296|log.entries is 4294967296; it must be 0 to",
        "\"cells\": 3|\"cells\": 99999|initial_memory.cells is 99999; it must be 0 to 32768",
        "\"log\": {|\"log\": 5, \"l\": {|log is 5; it must be an object",
        "\"tiny\"|7|name is 7; it must be a string",
      })
  void refusesAValueOutOfRange(String old, String now, String message) throws IOException {
    replaceInManifest(old, now);
    refused("manifest.json: ", message);
  }

  @Test
  void refusesInitialMemoryInVolatileMode() throws IOException {
    replaceInManifest("\"persistent\"", "\"volatile\"");
    refused("initial_memory.cells is 3", "volatile memory starts at zero");
  }

  @Test
  void refusesAVolatileBundleWhoseInitialMemoryIsNotEmpty() throws IOException {
    replaceInManifest("\"persistent\"", "\"volatile\"");
    replaceInManifest("\"cells\": 3", "\"cells\": 0");
    initialRefused("initial.bin: has 36 bytes, but the 0 cells");
  }

  // ------------------------------------------------------------------ log

  @Test
  void refusesALogThatEndsBetweenEntries() throws IOException {
    log(4, 0, 1, 8, 4, 2, 5, 2, 5);
    logRefused("log.bin: entry 3 at word 8: the file ends", "names 4 entries");
  }

  @Test
  void refusesALogThatEndsWithinAWrite() throws IOException {
    log(2, 0, 1, 8, 1, 1, 2, 16, 4, 7, 9);
    logRefused("log.bin: entry 1 at word 4: the file ends within a write, after 6 of 8 words");
  }

  @Test
  void refusesALogThatEndsWithinARead() throws IOException {
    log(2, 2, 1, 0, 1, 8);
    logRefused("log.bin: entry 1 at word 2: the file ends within a read, after 3 of 4 words");
  }

  @Test
  void refusesALogThatIsTooShortForItsEntries() throws IOException {
    log(5, 2, 1, 2, 1);
    logRefused("log.bin: has 16 bytes, too few for the 5 entries");
  }

  @Test
  void refusesTrailingWords() throws IOException {
    log(2, 2, 1, 2, 1, 2);
    logRefused("log.bin: goes on after entry 1 at word 4", "names 2 entries");
  }

  @Test
  void refusesBytesThatAreNoWord() throws IOException {
    Files.write(temp.resolve("log.bin"), new byte[67]);
    logRefused("log.bin: ends with 3 bytes of a 32-bit word");
  }

  @Test
  void refusesGzippedBytesThatAreNoWord() throws IOException {
    Files.delete(temp.resolve("log.bin"));
    byte[] content = new byte[65];
    System.arraycopy(BundleFixture.bytes(BundleFixture.LOG), 0, content, 0, 64);
    Files.write(temp.resolve("log.bin.gz"), BundleFixture.gzip(content));
    logRefused("log.bin.gz: ends with 1 bytes of a 32-bit word");
  }

  @Test
  void refusesAnUnknownKind() throws IOException {
    log(2, 2, 1, -1, 0, 0, 0);
    logRefused("log.bin: entry 1 at word 2: kind 4294967295 is unknown", "2 (clock increment)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 1 0 3|power of two",
        "0 1 0 0|power of two",
        "0 1 0 16|largest access is maxAccessAdapterN = 8",
        "0 1 0 -1|power of two",
        "1 1 0 1024 1|largest access is maxAccessAdapterN = 8",
        "0 3 0 1|address spaces are 1 to 2",
        "0 -1 0 1|address spaces are 1 to 2",
        "0 1 16384 1|an address space has 16384 cells",
        "0 1 16383 2|an address space has 16384 cells",
        "0 1 -1 1|an address space has 16384 cells",
        "1 0 0 1 5|address space 0 holds immediates",
        "0 0 2013265921 1|is not below p",
        "0 0 5 2|an immediate read has exactly 1",
        "1 1 0 1 2013265921|values must be below p",
        "2 -1|clock overflow",
        "2 16777214|clock overflow",
      })
  void refusesAnIllegalEntry(String words, String message) throws IOException {
    int[] entry = List.of(words.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
    int[] log = new int[2 + entry.length];
    log[0] = 2;
    log[1] = 1;
    System.arraycopy(entry, 0, log, 2, entry.length);
    log(2, log);
    logRefused("log.bin: entry 1 at word 2: ", message);
  }

  @Test
  void entriesBeyondTheWindowAreReadAndCounted() throws IOException {
    int entries = 70_000;
    int[] words = new int[5 * entries];
    for (int i = 0; i < entries; i++) {
      words[5 * i] = 1;
      words[5 * i + 1] = 1 + i % 2;
      words[5 * i + 2] = i % 16384;
      words[5 * i + 3] = 1;
      words[5 * i + 4] = i;
    }
    log(entries, words);
    AccessLog log = readLog();
    assertThat(log.size()).isEqualTo(entries);
    assertThat(log.get(entries - 1))
        .isEqualTo(new MemoryLogEntry.Write(2, (entries - 1) % 16384, new int[] {entries - 1}));
    words[5 * 69_000] = 9;
    log(entries, words);
    logRefused("entry 69000 at word 345000: kind 9");
  }

  // ------------------------------------------------------------------ initial memory

  @Test
  void refusesInitialMemoryThatIsNotAscending() throws IOException {
    initial(2, 1, 9, 4, 1, 8, 3);
    initialRefused("initial.bin: cell 1 at word 3: (1, 8) comes after (1, 9)", "ascending");
  }

  @Test
  void refusesACellTwice() throws IOException {
    initial(2, 1, 9, 4, 1, 9, 4);
    initialRefused("cell 1 at word 3: (1, 9) comes after (1, 9)");
  }

  @Test
  void refusesACellThatIsZero() throws IOException {
    initial(1, 1, 9, 0);
    initialRefused("initial.bin: cell 0 at word 0: the value is 0");
  }

  @Test
  void refusesACellThatIsNotCanonical() throws IOException {
    initial(1, 1, 9, -1);
    initialRefused("initial.bin: cell 0 at word 0: value 4294967295", "not below p");
  }

  @ParameterizedTest
  @CsvSource({"0,0", "3,0", "1,16384", "1,-1", "-1,0"})
  void refusesACellThatDoesNotExist(int addressSpace, int pointer) throws IOException {
    initial(1, addressSpace, pointer, 1);
    initialRefused("initial.bin: cell 0 at word 0: cell (", "does not exist");
  }

  @Test
  void refusesANumberOfCellsThatIsNotTheFiles() throws IOException {
    initial(2, 1, 9, 1);
    initialRefused("initial.bin: has 12 bytes, but the 2 cells that the manifest names take 24");
  }

  @Test
  void refusesTooFewGzippedCells() throws IOException {
    gzippedInitial(2, 1, 9, 1);
    initialRefused("initial.bin.gz: cell 1 at word 3: the file ends");
  }

  @Test
  void refusesTooManyGzippedCells() throws IOException {
    gzippedInitial(1, 1, 9, 1, 1, 10, 1);
    initialRefused("initial.bin.gz: goes on after cell 0 at word 3");
  }

  private void gzippedInitial(int cells, int... words) throws IOException {
    initial(cells);
    Files.delete(temp.resolve("initial.bin"));
    byte[] content = BundleFixture.bytes(words);
    Files.write(temp.resolve("initial.bin.gz"), BundleFixture.gzip(content));
  }

  // ------------------------------------------------------------------ gzip

  private byte[] gzippedLog() throws IOException {
    Files.delete(temp.resolve("log.bin"));
    return BundleFixture.gzip(BundleFixture.bytes(BundleFixture.LOG));
  }

  @Test
  void readsSeveralGzipMembers() throws IOException {
    Files.delete(temp.resolve("log.bin"));
    byte[] first = BundleFixture.gzip(BundleFixture.bytes(0, 1, 8, 4, 1, 2));
    byte[] second = BundleFixture.gzip(BundleFixture.bytes(16, 2, 7, 9, 2, 5, 0, 0, 77, 1));
    Files.write(temp.resolve("log.bin.gz"), concat(first, second, new byte[12]));
    assertReadsAsWritten();
  }

  @Test
  void refusesTruncatedGzip() throws IOException {
    byte[] gzip = gzippedLog();
    for (int length = 0; length < gzip.length; length++) {
      Files.write(temp.resolve("log.bin.gz"), Arrays.copyOf(gzip, length));
      assertThatThrownBy(this::readLog)
          .as("first %d bytes", length)
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("log.bin.gz");
    }
  }

  @Test
  void refusesGzipWithAWrongCheckSum() throws IOException {
    byte[] gzip = gzippedLog();
    gzip[gzip.length - 6] ^= 1;
    Files.write(temp.resolve("log.bin.gz"), gzip);
    logRefused("log.bin.gz: the gzip check sum is wrong");
  }

  @Test
  void refusesWhatFollowsTheGzipData() throws IOException {
    Files.write(temp.resolve("log.bin.gz"), concat(gzippedLog(), new byte[] {1, 2, 3}));
    logRefused("log.bin.gz: something that is not gzip follows");
  }

  @Test
  void refusesAPlainFileUnderTheGzipName() throws IOException {
    Files.move(temp.resolve("log.bin"), temp.resolve("log.bin.gz"));
    logRefused("log.bin.gz: is not gzipped");
  }

  @Test
  void aGzipBombIsReadOnlyAsFarAsTheManifestGoes() throws IOException {
    Files.delete(temp.resolve("log.bin"));
    byte[] increments = new byte[1 << 26];
    for (int i = 0; i < increments.length; i += 8) {
      increments[i] = 2;
    }
    Files.write(temp.resolve("log.bin.gz"), BundleFixture.gzip(increments));
    logRefused("log.bin.gz: goes on after entry 3 at word 8");
  }

  private static byte[] concat(byte[]... parts) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.write(part);
    }
    return all.toByteArray();
  }
}
