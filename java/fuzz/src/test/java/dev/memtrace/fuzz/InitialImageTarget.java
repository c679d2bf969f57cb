// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.bundle.Bundle;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.field.BabyBear;
import dev.memtrace.image.AddressMap;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * The input is {@code initial.bin} of a bundle, behind two bytes: the configuration, and how the
 * image is stored, whether the manifest names the cells that it has, and whether the cells are put
 * in order first.
 */
final class InitialImageTarget implements Target {
  private static final List<String> CONFIGS =
      List.of(Bundles.PERSISTENT, Bundles.TINY, Bundles.LARGE, Bundles.VOLATILE);

  private static final int GZIP = 1;
  private static final int WRONG_COUNT = 2;
  private static final int IN_ORDER = 4;
  private static final int CELL_BYTES = 12;

  private final Bundles bundles = new Bundles();

  InitialImageTarget() throws IOException {
    bundles.put("log.bin", Words.bytes(0, 1, 8, 8, 1, 1, 0, 2, 7, 8, 2, 2));
  }

  @Override
  public void run(byte[] input) throws IOException {
    Choices choices = new Choices(input);
    String config = CONFIGS.get(choices.below(CONFIGS.size()));
    int how = choices.next();
    byte[] rest = choices.rest();
    byte[] cells = (how & IN_ORDER) != 0 ? inOrder(rest) : rest;
    boolean gzip = (how & GZIP) != 0;
    int count = (how & WRONG_COUNT) != 0 ? how >>> 3 : cells.length / CELL_BYTES;
    bundles.removeFile(gzip ? "initial.bin" : "initial.bin.gz");
    bundles.put(gzip ? "initial.bin.gz" : "initial.bin", cells);
    bundles.put("manifest.json", Bundles.manifest(config, 3, count));
    if (bundles.run()) {
      requireTaken(gzip ? unzipped(cells, count) : cells, count);
    }
  }

  /** An image that was taken has exactly the cells of its file, legal and in ascending order. */
  private void requireTaken(byte[] cells, int count) {
    Contract.require(cells.length == CELL_BYTES * count, count + " cells of another number");
    Bundle bundle = Bundle.open(bundles.folder());
    MemoryConfig config = bundle.manifest().config();
    ByteBuffer words = Words.little(cells);
    AddressMap image = bundle.readInitialMemory(_ -> {});
    try {
      long previous = -1;
      while (words.hasRemaining()) {
        int space = words.getInt();
        int pointer = words.getInt();
        int value = words.getInt();
        long address = (long) space << 32 | pointer;
        boolean legal =
            address > previous
                && space >= config.asOffset()
                && space <= config.lastAddressSpace()
                && pointer >= 0
                && pointer < config.addressSpaceSize()
                && value > 0
                && value < BabyBear.P;
        Contract.require(
            legal && image.get(space, pointer) == value,
            "%d at (%d, %d) was taken".formatted(value, space, pointer));
        previous = address;
      }
    } finally {
      image.release();
    }
  }

  private static byte[] unzipped(byte[] content, int cells) throws IOException {
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(content))) {
      return in.readNBytes(CELL_BYTES * cells + 1);
    }
  }

  private static byte[] inOrder(byte[] cells) {
    ByteBuffer words = Words.little(cells);
    Map<Long, Integer> sorted = new TreeMap<>();
    for (int at = 0; at + CELL_BYTES <= cells.length; at += CELL_BYTES) {
      long address = (long) words.getInt(at) << 32 | Integer.toUnsignedLong(words.getInt(at + 4));
      sorted.put(address, words.getInt(at + 8));
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    sorted.forEach(
        (address, value) ->
            out.writeBytes(Words.bytes((int) (address >>> 32), (int) (long) address, value)));
    return out.toByteArray();
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    byte[] cells = Words.bytes(Bundles.INITIAL);
    int[] many = new int[3 * 330];
    for (int i = 0; i < many.length; i += 3) {
      many[i] = 1 + i % 2;
      many[i + 1] = i * i % (1 << 14);
      many[i + 2] = i + 1;
    }
    return List.of(
        Words.join(new int[] {0, IN_ORDER}, Words.bytes(many)),
        Words.join(new int[] {0, 0}, cells),
        Words.join(new int[] {1, IN_ORDER}, cells),
        Words.join(
            new int[] {2, IN_ORDER}, Words.bytes(1 << 28, (1 << 29) - 1, 9, 1, 0, 2013265920)),
        // The last cells of the smallest memory, and one cell further.
        Words.join(new int[] {1, IN_ORDER}, Words.bytes(1, 0, 1, 1, 15, 2, 2, 15, 3)),
        Words.join(new int[] {1, IN_ORDER}, Words.bytes(1, 15, 1, 1, 16, 2)),
        Words.join(new int[] {1, IN_ORDER}, Words.bytes(2, 15, 1, 3, 0, 2)),
        Words.join(new int[] {3, 0}, new byte[0]),
        Words.join(
            new int[] {0, GZIP | WRONG_COUNT | Bundles.INITIAL_CELLS << 3}, Words.gzip(cells)));
  }
}
