// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;

/**
 * Where kernels report that they met what no legal log can cause: {@code memtrace::FaultKind} and
 * two words that tell where and what.
 */
final class FaultWords {
  static final long BYTES = 24;

  private static final String[] FAULTS = {
    "none",
    "an event that is not in the log",
    "more than 63 adapter rows of one access",
    "a row outside its trace",
    "a range check outside its bits",
    "words outside a buffer",
    "no room in the memory tree",
    "a chunk that is not zero and not in the memory tree",
    "a chunk that is not zero and not in the image",
    "more nodes of the memory tree than were counted"
  };

  private FaultWords() {}

  /**
   * Refuses the results of kernels that reported a fault.
   *
   * @param words a copy of the words on the host
   * @param offset where they begin, in bytes
   * @throws IllegalStateException if there is a fault
   */
  static void check(MemorySegment words, long offset) {
    check(
        words.get(IntBuffer64.PAIR, offset),
        words.get(IntBuffer64.PAIR, offset + 8),
        words.get(IntBuffer64.PAIR, offset + 16));
  }

  static void check(long kind, long where, long what) {
    if (kind != 0) {
      String name = kind > 0 && kind < FAULTS.length ? FAULTS[(int) kind] : "fault " + kind;
      throw new IllegalStateException(
          "a kernel found "
              + name
              + " ("
              + Long.toUnsignedString(where)
              + ", "
              + Long.toUnsignedString(what)
              + "); this is a bug of memtrace or of the device");
    }
  }
}
