// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.util.Arrays;

/**
 * Takes an input apart, byte by byte from the front, so that a change in one place changes one
 * choice. At the end there are zeros.
 */
final class Choices {
  private final byte[] input;
  private int at;

  Choices(byte[] input) {
    this.input = input;
  }

  boolean isEmpty() {
    return at >= input.length;
  }

  /** A byte, 0 to 255. */
  int next() {
    return at < input.length ? input[at++] & 0xFF : 0;
  }

  /** A number below a bound of at most 256. */
  int below(int bound) {
    return next() % bound;
  }

  /** A number of so many little-endian bytes. */
  int word(int bytes) {
    int word = 0;
    for (int i = 0; i < bytes; i++) {
      word |= next() << (8 * i);
    }
    return word;
  }

  /** All that was not taken. */
  byte[] rest() {
    return isEmpty() ? new byte[0] : Arrays.copyOfRange(input, at, input.length);
  }
}
