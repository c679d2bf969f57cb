// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;

/** A part of a program that is loaded to memory: bytes of the file, then zeros. */
final class ElfSegment {
  private final int number;
  private final byte[] file;
  private final int offset;
  private final int fileBytes;
  private final int address;
  private final int memoryBytes;
  private final boolean executable;

  /**
   * Creates a segment.
   *
   * @param number position in the program header table, for messages
   * @param file the whole file
   * @param offset where its bytes begin in the file
   * @param fileBytes how many there are
   * @param address where it begins in memory
   * @param memoryBytes how many bytes it has there
   * @param executable whether it holds instructions
   */
  ElfSegment(
      int number,
      byte[] file,
      int offset,
      int fileBytes,
      int address,
      int memoryBytes,
      boolean executable) {
    this.number = number;
    this.file = file;
    this.offset = offset;
    this.fileBytes = fileBytes;
    this.address = address;
    this.memoryBytes = memoryBytes;
    this.executable = executable;
  }

  int number() {
    return number;
  }

  int address() {
    return address;
  }

  /** First address behind the segment. */
  int end() {
    return address + memoryBytes;
  }

  boolean executable() {
    return executable;
  }

  /** How many whole words of the file there are. */
  int words() {
    return fileBytes / Integer.BYTES;
  }

  int word(int index) {
    return LittleEndian.word(file, offset + Integer.BYTES * index);
  }

  void copyTo(AddressMap image) {
    int[] cells = new int[MemoryConfig.PAGE_SIZE];
    for (int done = 0; done < fileBytes; ) {
      int at = address + done;
      int inPage = MemoryConfig.PAGE_SIZE - (at & (MemoryConfig.PAGE_SIZE - 1));
      int count = Math.min(fileBytes - done, inPage);
      for (int i = 0; i < count; i++) {
        cells[i] = file[offset + done + i] & 0xFF;
      }
      image.writeCells(GuestMemory.MEMORY, at, count, cells, 0);
      done += count;
    }
  }
}
