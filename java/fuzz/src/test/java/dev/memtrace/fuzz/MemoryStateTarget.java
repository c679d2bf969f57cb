// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.MemoryStateException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.image.AddressMap;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The input is a saved memory state behind one byte: whether its first two pages are swapped and
 * its checksums put right first, whether its tree is believed, and for which memory it is.
 */
final class MemoryStateTarget implements Target {
  private static final int RIGHT_CHECKSUMS = 1;
  private static final int BELIEVED = 2;
  private static final int OF_PAGES = 4;
  private static final int SWAPPED_PAGES = 8;

  private static final int HEADER_BYTES = 76;
  private static final int PAGES_AT = 24;
  private static final int CRC_BYTES = 4;
  private static final int SHA_BYTES = 32;

  /** Address spaces of 64 cells, and of two pages. */
  private static final MemoryConfig SMALL = new MemoryConfig(2, 1, 6, 10, 6, 8, 0);

  private static final MemoryConfig PAGES = new MemoryConfig(1, 1, 13, 14, 7, 32, 0);

  private final Path folder = Workspace.folder();
  private final Path file = folder.resolve("state");
  private final Path other = folder.resolve("other");

  MemoryStateTarget() throws IOException {}

  @Override
  public void run(byte[] input) throws IOException {
    Choices choices = new Choices(input);
    int how = choices.next();
    byte[] content = choices.rest();
    MemoryConfig config = (how & OF_PAGES) != 0 ? PAGES : SMALL;
    if ((how & SWAPPED_PAGES) != 0) {
      swapPages(content, pageBytes(config));
    }
    if ((how & RIGHT_CHECKSUMS) != 0) {
      putChecksumsRight(content);
    }
    Files.write(file, content);
    boolean believed = (how & BELIEVED) != 0;
    MemoryState state;
    try {
      state =
          believed ? MemoryState.loadWithoutHashing(file, config) : MemoryState.load(file, config);
    } catch (MemoryStateException e) {
      Contract.refused(e, MemoryStateException.class);
      return;
    }
    try (state) {
      requireSound(content, config);
      use(state, config, believed);
    } finally {
      Files.deleteIfExists(other);
    }
  }

  private void use(MemoryState state, MemoryConfig config, boolean believed) {
    int[] root = state.root();
    state.save(other);
    try (MemoryState again = MemoryState.loadWithoutHashing(other, config)) {
      Contract.require(Arrays.equals(root, again.root()), "the root changed on the way");
    }
    VariableRangeChecker counts =
        new VariableRangeChecker(new RangeCheckerBus(4, config.rangeMaxBits()));
    try (TraceBackend backend = Segments.backend();
        MemoryController memory =
            Segments.controller(MemoryMode.PERSISTENT, config, counts, backend);
        Poseidon2Periphery hasher = new Poseidon2Periphery(Segments.pool())) {
      memory.setInitialMemory(state);
      memory.writeCell(1, 3, 5);
      memory.read(2, 8, 8, new int[8], 0);
      if (believed) {
        memory.finalizeMemory(hasher);
        memory.generateAirProofInputs().forEach(trace -> trace.close());
      } else {
        Segments.check(memory, counts, hasher, backend);
        Contract.require(Arrays.equals(root, memory.initialRoot()), "another root was taken");
      }
    }
  }

  // ------------------------------------------------------------------ pages and checksums

  /** What was taken for a state has its checksums, and its pages in order. */
  private static void requireSound(byte[] content, MemoryConfig config) {
    byte[] right = content.clone();
    putChecksumsRight(right);
    Contract.require(Arrays.equals(content, right), "a state without its checksums was taken");
    ByteBuffer bytes = Words.little(content);
    long pages = bytes.getLong(PAGES_AT);
    long previous = -1;
    for (int page = 0; page < pages; page++) {
      int at = HEADER_BYTES + page * pageBytes(config);
      long address = (long) bytes.getInt(at) << 32 | bytes.getInt(at + 4);
      Contract.require(address > previous, "page " + page + " is not in order, and was taken");
      previous = address;
    }
  }

  private static int pageBytes(MemoryConfig config) {
    return 8 + 4 * Math.min(MemoryConfig.PAGE_SIZE, config.addressSpaceSize());
  }

  private static void swapPages(byte[] content, int pageBytes) {
    int second = HEADER_BYTES + pageBytes;
    if (content.length >= second + pageBytes) {
      byte[] first = Arrays.copyOfRange(content, HEADER_BYTES, second);
      System.arraycopy(content, second, content, HEADER_BYTES, pageBytes);
      System.arraycopy(first, 0, content, second, pageBytes);
    }
  }

  private static void putChecksumsRight(byte[] content) {
    if (content.length < HEADER_BYTES) {
      return;
    }
    ByteBuffer bytes = Words.little(content);
    CRC32C crc = new CRC32C();
    crc.update(content, 0, HEADER_BYTES - CRC_BYTES);
    bytes.putInt(HEADER_BYTES - CRC_BYTES, (int) crc.getValue());
    if (content.length >= HEADER_BYTES + SHA_BYTES) {
      int end = content.length - SHA_BYTES;
      MessageDigest sum = sha256();
      sum.update(content, 0, end);
      bytes.put(end, sum.digest());
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  // ------------------------------------------------------------------ seeds

  @Override
  public List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (int how : new int[] {0, RIGHT_CHECKSUMS, RIGHT_CHECKSUMS | BELIEVED}) {
      seeds.add(seed(how, new AddressMap(SMALL)));
      AddressMap small = new AddressMap(SMALL);
      seeds.add(seed(how, small.set(1, 3, 7).set(1, 60, 2013265920).set(4, 0, 1)));
    }
    for (int how : new int[] {RIGHT_CHECKSUMS, RIGHT_CHECKSUMS | BELIEVED}) {
      AddressMap two = new AddressMap(SMALL);
      seeds.add(seed(how | SWAPPED_PAGES, two.set(2, 1, 2).set(3, 1, 3)));
    }
    AddressMap pages = new AddressMap(PAGES);
    seeds.add(seed(OF_PAGES | RIGHT_CHECKSUMS, pages.set(2, 4095, 7)));
    return seeds;
  }

  private byte[] seed(int how, AddressMap image) throws IOException {
    try (MemoryState state = MemoryState.copyOf(image, image.config(), Segments.pool())) {
      state.save(file);
    }
    byte[] content = Files.readAllBytes(file);
    Files.delete(file);
    return Words.join(new int[] {how}, content);
  }

  /** A page of the larger memory takes 16 KiB. */
  @Override
  public int maxBytes() {
    return 20_000;
  }
}
