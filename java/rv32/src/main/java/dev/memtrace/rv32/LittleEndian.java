// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers in the byte order of RISC-V. */
final class LittleEndian {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle HALF =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static int word(byte[] bytes, int at) {
    return (int) WORD.get(bytes, at);
  }

  static int half(byte[] bytes, int at) {
    return (short) HALF.get(bytes, at) & 0xFFFF;
  }
}
