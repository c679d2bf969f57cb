// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The input is {@code manifest.json} of a bundle that is good otherwise and has all products. */
final class ManifestTarget implements Target {
  private final Bundles bundles = new Bundles();
  private final byte[] generated;

  ManifestTarget() throws IOException {
    bundles.put(
        "manifest.json",
        Bundles.manifest(Bundles.PERSISTENT, Bundles.LOG_ENTRIES, Bundles.INITIAL_CELLS));
    bundles.put("log.bin", Words.bytes(Bundles.LOG));
    bundles.put("initial.bin", Words.bytes(Bundles.INITIAL));
    generated = bundles.fill();
  }

  @Override
  public void run(byte[] input) throws IOException {
    bundles.put("manifest.json", input);
    bundles.run();
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
        Bundles.manifest(Bundles.PERSISTENT, Bundles.LOG_ENTRIES, Bundles.INITIAL_CELLS)
            .getBytes(StandardCharsets.UTF_8),
        Bundles.manifest(Bundles.LARGE, Bundles.LOG_ENTRIES, Bundles.INITIAL_CELLS)
            .getBytes(StandardCharsets.UTF_8),
        Bundles.manifest(Bundles.VOLATILE, Bundles.LOG_ENTRIES, 0).getBytes(StandardCharsets.UTF_8),
        Bundles.manifest(Bundles.TINY, 0, 0)
            .replace("tiny", "long ".repeat(600))
            .getBytes(StandardCharsets.UTF_8),
        Bundles.manifest(Bundles.PERSISTENT, Bundles.LOG_ENTRIES, Bundles.INITIAL_CELLS)
            .replace("\"entries\": 7", "\"entries\": 18446744073709551616")
            .getBytes(StandardCharsets.UTF_8),
        generated);
  }
}
