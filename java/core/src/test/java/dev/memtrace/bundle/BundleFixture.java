// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/** Writes small bundles, good and bad ones. */
final class BundleFixture {
  static final String CONFIG =
      "{\"mode\": \"persistent\", \"as_height\": 1, \"as_offset\": 1, \"pointer_max_bits\": 14,"
          + " \"clk_max_bits\": 24, \"range_max_bits\": 12, \"max_access_adapter_n\": 8}";

  /** A read of 4 cells, a write of 2 cells, an increment by 5, an immediate read. */
  static final int[] LOG = {0, 1, 8, 4, 1, 2, 16, 2, 7, 9, 2, 5, 0, 0, 77, 1};

  static final int LOG_ENTRIES = 4;

  /** Two cells of address space 1, one of address space 2. */
  static final int[] INITIAL = {1, 8, 3, 1, 9, 4, 2, 0, 5};

  static final int INITIAL_CELLS = 3;

  private BundleFixture() {}

  static String manifest(String config, long entries, long cells) {
    return """
        {"format": "memory-trace-bundle/1", "name": "tiny", "config": %s,
         "log": {"file": "log.bin", "entries": %d},
         "initial_memory": {"file": "initial.bin", "cells": %d}}
        """
        .formatted(config, entries, cells);
  }

  static Path good(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("manifest.json"), manifest(CONFIG, LOG_ENTRIES, INITIAL_CELLS));
    Files.write(folder.resolve("log.bin"), bytes(LOG));
    Files.write(folder.resolve("initial.bin"), bytes(INITIAL));
    return folder;
  }

  static byte[] bytes(int... words) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asIntBuffer().put(words);
    return buffer.array();
  }

  static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }
}
