// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import java.util.List;

/**
 * Something that takes bytes of strangers. Used by one thread; an input must not change what the
 * next one meets.
 */
interface Target {
  /**
   * Takes an input. Returns if the outcome is what the API promises: a result that checks, or an
   * error of a documented type with a message. Throws otherwise, whatever it is.
   *
   * @param input any bytes
   * @throws IOException if the files of the harness cannot be written
   */
  void run(byte[] input) throws IOException;

  /**
   * Makes inputs that reach far, for the fuzzer to begin with.
   *
   * @return a few inputs of at most {@link #maxBytes()}
   * @throws IOException if the files of the harness cannot be written
   */
  List<byte[]> seeds() throws IOException;

  /**
   * Says how many bytes of heap an input may take, all allocations of its run added up. Most of the
   * constant part are page directories: one access far up takes 16 MiB in each of the images and
   * block maps that a segment and its check have.
   *
   * @param input the input
   * @return bytes, growing with the input
   */
  default long mostHeap(byte[] input) {
    return (192L << 20) + 4096L * input.length;
  }

  /**
   * Says how many bytes of native memory an input may take.
   *
   * @param input the input
   * @return bytes, growing with the input
   */
  default long mostNative(byte[] input) {
    return (64L << 20) + 4096L * input.length;
  }

  /**
   * Says how long inputs may be.
   *
   * @return bytes
   */
  default int maxBytes() {
    return 4096;
  }
}
