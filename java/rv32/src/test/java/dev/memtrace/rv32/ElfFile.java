// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Makes ELF files, good ones and, by writing over them, bad ones. */
final class ElfFile {
  static final int HEADER = 52;
  static final int PROGRAM_HEADER = 32;
  static final int TEXT = 0x1000;
  static final int READ_EXECUTE = 5;
  static final int READ_WRITE = 6;

  private record Segment(int address, ByteBuffer content, int memoryBytes, int flags) {}

  private final List<Segment> segments = new ArrayList<>();
  private int entry = TEXT;

  /** A file with one segment of instructions, where execution begins. */
  static byte[] of(int... words) {
    return new ElfFile().text(TEXT, words).bytes();
  }

  ElfFile text(int address, int... words) {
    return segment(address, bytesOf(words), 4 * words.length, READ_EXECUTE);
  }

  ElfFile data(int address, int memoryBytes, int... words) {
    return segment(address, bytesOf(words), memoryBytes, READ_WRITE);
  }

  ElfFile segment(int address, byte[] content, int memoryBytes, int flags) {
    segments.add(new Segment(address, ByteBuffer.wrap(content), memoryBytes, flags));
    return this;
  }

  ElfFile entry(int address) {
    entry = address;
    return this;
  }

  static byte[] bytesOf(int... words) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(words);
    return bytes.array();
  }

  byte[] bytes() {
    int size = HEADER + PROGRAM_HEADER * segments.size();
    int offset = size;
    for (Segment segment : segments) {
      size += segment.content.limit();
    }
    ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7F, 'E', 'L', 'F', 1, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) 243).putInt(1);
    file.putInt(entry).putInt(HEADER).putInt(0).putInt(0);
    file.putShort((short) HEADER).putShort((short) PROGRAM_HEADER);
    file.putShort((short) segments.size());
    file.position(HEADER);
    for (Segment segment : segments) {
      file.putInt(1).putInt(offset).putInt(segment.address).putInt(segment.address);
      file.putInt(segment.content.limit()).putInt(segment.memoryBytes).putInt(segment.flags);
      file.putInt(4);
      offset += segment.content.limit();
    }
    for (Segment segment : segments) {
      file.put(segment.content.duplicate());
    }
    return file.array();
  }
}
