// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A saved state comes back as it was, or not at all. */
class MemoryStateFileTest {
  private static final MemoryConfig CONFIG =
      MemoryConfig.defaults().withAsHeight(2).withPointerMaxBits(14);
  private static final int HEADER = 76;
  private static final int PAGE = 8 + 4 * 4096;

  @TempDir private Path temp;

  private Path file = Path.of("");
  private byte[] good = new byte[0];

  private static AddressMap image() {
    return new AddressMap(CONFIG, new BufferPool(0))
        .set(1, 0, 5)
        .set(1, 16383, 2013265920)
        .set(4, 8000, 77)
        .set(2, 9, 1)
        .set(2, 9, 0); // a page of zeros
  }

  private static MemoryState state() {
    return new MemoryState(new BufferPool(0), image(), null);
  }

  @BeforeEach
  void save() throws IOException {
    file = temp.resolve("state");
    try (MemoryState state = state()) {
      state.save(file);
    }
    good = Files.readAllBytes(file);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(temp)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private void refused(byte[] content, MemoryConfig config, String... parts) throws IOException {
    Files.write(file, content);
    for (boolean hash : new boolean[] {true, false}) {
      assertThatThrownBy(
              () -> {
                if (hash) {
                  MemoryState.load(file, config);
                } else {
                  MemoryState.loadWithoutHashing(file, config);
                }
              })
          .isInstanceOf(MemoryStateException.class)
          .message()
          .startsWith(file + ": ")
          .contains(parts);
    }
  }

  private void refused(byte[] content, String... parts) throws IOException {
    refused(content, CONFIG, parts);
  }

  private byte[] changed(int at, int xor) {
    byte[] content = good.clone();
    content[at] ^= (byte) xor;
    return content;
  }

  /** Makes both sums of a file right again. */
  private static byte[] summed(byte[] content) throws NoSuchAlgorithmException {
    CRC32C crc = new CRC32C();
    crc.update(content, 0, HEADER - 4);
    ByteBuffer out = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(HEADER - 4, (int) crc.getValue());
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    sha.update(content, 0, content.length - 32);
    out.put(content.length - 32, sha.digest());
    return content;
  }

  // ------------------------------------------------------------------ good

  @Test
  void aStateComesBackAsItWas() throws IOException {
    assertThat(names()).containsExactly("state");
    assertThat(good).startsWith("MTSTATE\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    for (boolean hash : new boolean[] {true, false}) {
      try (MemoryState want = state();
          MemoryState got =
              hash
                  ? MemoryState.load(file, CONFIG)
                  : MemoryState.loadWithoutHashing(file, CONFIG)) {
        assertThat(got.image().firstDifference(want.image(), (_, _, _) -> {})).isFalse();
        assertThat(got.root()).isEqualTo(want.root());
        assertThat(got.config()).isEqualTo(CONFIG);
        got.save(temp.resolve("again"));
        assertThat(temp.resolve("again")).hasBinaryContent(good);
      }
    }
  }

  @Test
  void memoryOfZerosIsAState() {
    MemoryConfig tiny = CONFIG.withPointerMaxBits(4);
    try (MemoryState zero =
        new MemoryState(new BufferPool(0), new AddressMap(tiny, new BufferPool(0)), null)) {
      zero.save(file);
      try (MemoryState got = MemoryState.load(file, tiny)) {
        assertThat(got.image().nonZeroCells()).isZero();
        assertThat(got.root()).isEqualTo(zero.root());
      }
    }
  }

  @Test
  void anAddressSpaceSmallerThanAPageIsSaved() {
    MemoryConfig tiny = CONFIG.withPointerMaxBits(5);
    AddressMap cells = new AddressMap(tiny, new BufferPool(0)).set(1, 31, 9).set(4, 0, 8);
    try (MemoryState state = new MemoryState(new BufferPool(0), cells, null)) {
      state.save(file);
      try (MemoryState got = MemoryState.load(file, tiny)) {
        assertThat(got.image().get(1, 31)).isEqualTo(9);
        assertThat(got.image().get(4, 0)).isEqualTo(8);
        assertThat(got.image().nonZeroCells()).isEqualTo(2);
        assertThat(got.root()).isEqualTo(state.root());
      }
    }
  }

  @Test
  void aStateForAnotherClockIsLoaded() {
    try (MemoryState got = MemoryState.load(file, CONFIG.withClkMaxBits(28))) {
      assertThat(got.config().clkMaxBits()).isEqualTo(28);
    }
  }

  @Test
  void savingReplacesTheFileAndChangesNothing() throws IOException {
    Files.writeString(file, "old");
    try (MemoryState state = state()) {
      state.save(file);
      state.save(file);
      assertThat(state.image().get(1, 0)).isEqualTo(5);
    }
    assertThat(file).hasBinaryContent(good);
    assertThat(names()).containsExactly("state");
  }

  @Test
  void savingRemovesWhatAKilledProcessHasLeft() throws IOException {
    Files.write(temp.resolve(".state." + UUID.randomUUID() + ".memtrace-tmp"), new byte[10]);
    try (MemoryState state = state()) {
      state.save(temp.resolve("state"));
    }
    assertThat(names()).containsExactly("state");
  }

  // ------------------------------------------------------------------ bad

  @Test
  void refusesAFileThatIsNotThereOrCannotBeWritten() throws IOException {
    Path nowhere = temp.resolve("nowhere").resolve("state");
    assertThatThrownBy(() -> MemoryState.load(nowhere, CONFIG))
        .isInstanceOf(MemoryStateException.class)
        .hasMessageContaining("cannot be read: no such file or folder");
    try (MemoryState state = state()) {
      assertThatThrownBy(() -> state.save(nowhere))
          .isInstanceOf(MemoryStateException.class)
          .hasMessageContaining("cannot be written: no such file or folder");
      Path target = temp.resolve("folder");
      Files.createDirectories(target.resolve("full"));
      assertThatThrownBy(() -> state.save(target)).isInstanceOf(MemoryStateException.class);
    }
    assertThat(names()).containsExactly("folder", "state");
  }

  @Test
  void refusesATruncatedFileWhereverItEnds() throws IOException {
    for (int length : new int[] {0, 5, 8, 11, 12, 40, HEADER - 1}) {
      refused(Arrays.copyOf(good, length), "is truncated");
    }
    for (int length : new int[] {HEADER, HEADER + 100, HEADER + 3 * PAGE, good.length - 1}) {
      refused(Arrays.copyOf(good, length), "is truncated or too long", "has " + length + " bytes");
    }
    refused(Arrays.copyOf(good, good.length + 1), "is truncated or too long");
  }

  @Test
  void refusesEveryChangedBit() throws IOException {
    for (int at = 0; at < good.length; at += at < HEADER || at > good.length - 100 ? 1 : 101) {
      String what = at < 8 ? "is no memory state" : at < 12 ? "is of version" : "is corrupt";
      refused(changed(at, 1 << at % 8), what);
    }
  }

  @Test
  void refusesAnotherVersion() throws IOException, NoSuchAlgorithmException {
    refused(summed(changed(8, 3)), "is of version 2; this program reads version 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"asHeight", "pointerMaxBits"})
  void refusesAnotherConfiguration(String parameter) throws IOException {
    MemoryConfig other =
        parameter.equals("asHeight") ? CONFIG.withAsHeight(3) : CONFIG.withPointerMaxBits(15);
    refused(good, other, "is of another configuration", parameter + " ");
    refused(
        good,
        CONFIG.withAsHeight(3),
        "asOffset 1, asHeight 2 and pointerMaxBits 14; wanted are 1, 3 and 14");
  }

  @Test
  void refusesNumbersThatNoFileHas() throws IOException, NoSuchAlgorithmException {
    for (int at : new int[] {24, 32}) {
      byte[] content = good.clone();
      Arrays.fill(content, at, at + 8, (byte) 0xFF);
      refused(summed(content), "is truncated or too long");
      content[at + 7] = 0x7F;
      refused(summed(content), "is truncated or too long");
    }
  }

  @Test
  void refusesContentThatIsIllegalThoughItsSumsAreRight()
      throws IOException, NoSuchAlgorithmException {
    byte[] space = good.clone();
    space[HEADER] = 9;
    refused(summed(space), "is corrupt, page 0 is not legal", "cell (9, 0) does not exist");
    byte[] order = good.clone();
    System.arraycopy(good, HEADER, order, HEADER + PAGE, 8);
    refused(summed(order), "is corrupt, page 1 is not legal", "not in ascending order");
    byte[] value = good.clone();
    value[HEADER + 8 + 3] = (byte) 0xFF;
    refused(summed(value), "is corrupt, page 0 is not legal", "is not below p");
    byte[] node = good.clone();
    node[HEADER + 3 * PAGE + 7] = (byte) 0xFF;
    refused(summed(node), "is corrupt, node 0");
    byte[] root = good.clone();
    root[40] ^= 1;
    refused(summed(root), "is corrupt, the root of its tree is not that of its header");
  }

  @Test
  void refusesATreeThatIsNotThatOfTheCells() throws IOException, NoSuchAlgorithmException {
    byte[] cell = good.clone();
    cell[HEADER + 8] ^= 1; // the first cell, and not its leaf
    Files.write(file, summed(cell));
    assertThatThrownBy(() -> MemoryState.load(file, CONFIG))
        .isInstanceOf(MemoryStateException.class)
        .hasMessageContaining("is corrupt, its memory tree is not that of its cells");
    try (MemoryState unchecked = MemoryState.loadWithoutHashing(file, CONFIG);
        Workers workers = new Workers(1)) {
      ResidentTree tree = unchecked.hashedTree(workers, Poseidon2Batch.portable());
      assertThat(tree.size()).isGreaterThan(1);
    }
  }
}
