// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import java.util.function.LongConsumer;

/** Reads {@code initial.bin} into a memory image. Every cell is checked. */
final class CellReader {
  private CellReader() {}

  static AddressMap read(BundleFile file, long cells, MemoryConfig config, LongConsumer progress) {
    if (!file.gzip()
        && file.bytes() % 4 == 0
        && file.bytes() != 4L * BundleFormat.CELL_WORDS * cells) {
      throw new BundleException(
          "%s: has %d bytes, but the %d cells that the manifest names take %d; copy it again or correct the manifest"
              .formatted(file.name(), file.bytes(), cells, 4L * BundleFormat.CELL_WORDS * cells));
    }
    AddressMap map = new AddressMap(config);
    boolean complete = false;
    try (WordReader in = WordReader.open(file, progress)) {
      readAll(file, cells, in, map);
      complete = true;
      return map;
    } finally {
      if (!complete) {
        map.release();
      }
    }
  }

  private static void readAll(BundleFile file, long cells, WordReader in, AddressMap map) {
    long previous = -1;
    for (long cell = 0; cell < cells; cell++) {
      int there = in.available(BundleFormat.CELL_WORDS);
      if (there < BundleFormat.CELL_WORDS) {
        throw new BundleException(
            at(file, cell, in)
                + "the file ends, but the manifest names "
                + cells
                + " cells; copy the file again or correct the manifest");
      }
      int addressSpace = in.words[in.position];
      int pointer = in.words[in.position + 1];
      int value = in.words[in.position + 2];
      if (value == 0) {
        throw new BundleException(
            at(file, cell, in) + "the value is 0; cells that are zero must be left out");
      }
      try {
        map.set(addressSpace, pointer, value);
      } catch (IllegalArgumentException e) {
        throw new BundleException(at(file, cell, in) + e.getMessage(), e);
      }
      long address = (long) addressSpace << 32 | pointer;
      if (address <= previous) {
        throw new BundleException(
            "%s(%d, %d) comes after (%d, %d); cells must be strictly ascending"
                .formatted(
                    at(file, cell, in),
                    addressSpace,
                    pointer,
                    previous >>> 32,
                    previous & 0xFFFF_FFFFL));
      }
      previous = address;
      in.position += BundleFormat.CELL_WORDS;
    }
    if (in.available(1) != 0) {
      throw new BundleException(
          "%s: goes on after cell %d at word %d; the manifest names %d cells, correct it or cut the file"
              .formatted(file.name(), cells - 1, in.offset(), cells));
    }
  }

  private static String at(BundleFile file, long cell, WordReader in) {
    return file.name() + ": cell " + cell + " at word " + in.offset() + ": ";
  }
}
