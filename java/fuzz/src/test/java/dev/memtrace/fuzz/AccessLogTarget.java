// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The input is {@code log.bin} of a bundle, behind two bytes: the configuration, and how the log is
 * stored and whether the manifest names the entries that it has.
 */
final class AccessLogTarget implements Target {
  private static final List<String> CONFIGS =
      List.of(Bundles.PERSISTENT, Bundles.VOLATILE, Bundles.TINY, Bundles.LARGE);

  private static final int GZIP = 1;
  private static final int WRONG_COUNT = 2;

  private final Bundles bundles = new Bundles();

  AccessLogTarget() throws IOException {
    bundles.put("initial.bin", new byte[0]);
  }

  @Override
  public void run(byte[] input) throws IOException {
    Choices choices = new Choices(input);
    String config = CONFIGS.get(choices.below(CONFIGS.size()));
    int how = choices.next();
    byte[] log = choices.rest();
    boolean gzip = (how & GZIP) != 0;
    int entries = (how & WRONG_COUNT) != 0 ? how >>> 2 : entries(log);
    bundles.removeFile(gzip ? "log.bin" : "log.bin.gz");
    bundles.put(gzip ? "log.bin.gz" : "log.bin", log);
    bundles.put("manifest.json", Bundles.manifest(config, entries, 0));
    bundles.run();
  }

  /** How many entries a log has, the last of which may be cut off or none. */
  private static int entries(byte[] log) {
    ByteBuffer words = Words.little(log);
    int entries = 0;
    for (int at = 0; at + 4 <= log.length; entries++) {
      int kind = words.getInt(at);
      int length = at + 16 <= log.length ? words.getInt(at + 12) : 0;
      at += kind == 2 ? 8 : kind == 1 && length > 0 && length <= 32 ? 16 + 4 * length : 16;
    }
    return entries;
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    byte[] log = Words.bytes(Bundles.LOG);
    return List.of(
        Words.join(new int[] {0, 0}, log),
        Words.join(new int[] {1, 0}, log),
        Words.join(new int[] {2, 0}, Words.bytes(0, 1, 8, 1, 0, 1, 8, 16, 2, 3)),
        Words.join(new int[] {3, 0}, log),
        Words.join(new int[] {1, 0}, Words.bytes(Words.repeat(Bundles.LOG, 30))),
        Words.join(new int[] {0, GZIP | WRONG_COUNT | Bundles.LOG_ENTRIES << 2}, Words.gzip(log)));
  }
}
