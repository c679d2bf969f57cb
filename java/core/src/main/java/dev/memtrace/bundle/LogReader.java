// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.AccessRejectedException;
import dev.memtrace.offheap.BufferPool;
import java.util.function.LongConsumer;

/** Reads {@code log.bin} into an access log. Every entry is checked. */
final class LogReader {
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int INCREMENT = 2;
  private static final int INCREMENT_WORDS = 2;

  /** Kind, address space, pointer, length. */
  private static final int HEAD_WORDS = 4;

  /** The largest length that any configuration allows; a longer one is refused unseen. */
  private static final int MAX_LENGTH = 32;

  private final BundleFile file;
  private final long entries;
  private final WordReader in;
  private final AccessLog log;

  private LogReader(BundleFile file, long entries, WordReader in, AccessLog log) {
    this.file = file;
    this.entries = entries;
    this.in = in;
    this.log = log;
  }

  static AccessLog read(
      BundleFile file, long entries, MemoryConfig config, BufferPool pool, LongConsumer progress) {
    if (!file.gzip() && file.bytes() < 4L * INCREMENT_WORDS * entries) {
      throw new BundleException(
          "%s: has %d bytes, too few for the %d entries that the manifest names; copy it again or correct the manifest"
              .formatted(file.name(), file.bytes(), entries));
    }
    AccessLog log = new AccessLog(config.withAccessCapacity(entries), pool);
    boolean complete = false;
    try (WordReader in = WordReader.open(file, progress)) {
      new LogReader(file, entries, in, log).readAll();
      complete = true;
      return log;
    } finally {
      if (!complete) {
        log.release();
      }
    }
  }

  private void readAll() {
    for (long entry = 0; entry < entries; entry++) {
      int there = in.available(HEAD_WORDS + MAX_LENGTH);
      try {
        readEntry(entry, there);
      } catch (AccessRejectedException e) {
        throw new BundleException(at(entry) + e.getMessage(), e);
      }
    }
    if (in.available(1) != 0) {
      throw new BundleException(
          "%s: goes on after entry %d at word %d; the manifest names %d entries, correct it or cut the file"
              .formatted(file.name(), entries - 1, in.offset(), entries));
    }
  }

  private void readEntry(long entry, int there) {
    int[] words = in.words;
    int at = in.position;
    int kind = there == 0 ? READ : words[at];
    if (kind == INCREMENT) {
      require(entry, there, INCREMENT_WORDS, "a clock increment");
      log.appendIncrement(Integer.toUnsignedLong(words[at + 1]));
      in.position = at + INCREMENT_WORDS;
      return;
    }
    if (kind != READ && kind != WRITE) {
      throw new BundleException(
          at(entry)
              + "kind "
              + Integer.toUnsignedString(kind)
              + " is unknown; it must be 0 (read), 1 (write) or 2 (clock increment)");
    }
    require(entry, there, HEAD_WORDS, kind == READ ? "a read" : "a write");
    int length = words[at + 3];
    if (kind == READ) {
      log.appendRead(words[at + 1], words[at + 2], length);
      in.position = at + HEAD_WORDS;
      return;
    }
    if (length > 0 && length <= MAX_LENGTH) {
      require(entry, there, HEAD_WORDS + length, "a write");
    }
    log.appendWrite(words[at + 1], words[at + 2], length, words, at + HEAD_WORDS);
    in.position = at + HEAD_WORDS + length;
  }

  private void require(long entry, int there, int needed, String what) {
    if (there < needed) {
      throw new BundleException(
          at(entry)
              + (there == 0
                  ? "the file ends, but the manifest names " + entries + " entries"
                  : "the file ends within "
                      + what
                      + ", after "
                      + there
                      + " of "
                      + needed
                      + " words")
              + "; copy the file again or correct the manifest");
    }
  }

  private String at(long entry) {
    return file.name() + ": entry " + entry + " at word " + in.offset() + ": ";
  }
}
