// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.GZIPOutputStream;

/** Little-endian words and bytes. */
final class Words {
  private Words() {}

  static byte[] bytes(int... words) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asIntBuffer().put(words);
    return buffer.array();
  }

  static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The given first bytes, then the rest. */
  static byte[] join(int[] first, byte[] rest) {
    byte[] joined = new byte[first.length + rest.length];
    for (int i = 0; i < first.length; i++) {
      joined[i] = (byte) first[i];
    }
    System.arraycopy(rest, 0, joined, first.length, rest.length);
    return joined;
  }

  static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  /** The given words again and again. A fuzzer makes no input longer than its longest seed. */
  static int[] repeat(int[] words, int times) {
    int[] repeated = new int[words.length * times];
    for (int i = 0; i < repeated.length; i++) {
      repeated[i] = words[i % words.length];
    }
    return repeated;
  }
}
