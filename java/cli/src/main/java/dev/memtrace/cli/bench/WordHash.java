// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;

/**
 * A number that tells sequences of 32-bit words apart, however they are cut into parts: a
 * polynomial modulo 2^64 in an odd constant. No cryptographic hash.
 */
final class WordHash {
  private static final long FACTOR = 0x9E3779B97F4A7C15L;

  private long hash = 1;

  /** Adds words in native memory. */
  WordHash add(MemorySegment words) {
    long sum = hash;
    for (long at = 0; at < words.byteSize(); at += Integer.BYTES) {
      sum = sum * FACTOR + words.get(IntBuffer64.WORD, at);
    }
    hash = sum;
    return this;
  }

  /** Adds words. */
  WordHash add(int... words) {
    for (int word : words) {
      hash = hash * FACTOR + word;
    }
    return this;
  }

  /** Adds the entries of a log, cells included. */
  WordHash add(AccessLog log) {
    for (LogSegment segment : log.segments()) {
      add(segment.headers().asSlice(0, 8L * segment.entries()));
      add(segment.values().asSlice(0, 4L * segment.valueWords()));
    }
    return this;
  }

  /** The number. */
  long value() {
    long z = hash;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    return z ^ (z >>> 31);
  }
}
