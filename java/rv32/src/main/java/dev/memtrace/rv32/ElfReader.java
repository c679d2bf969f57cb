// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Reads an ELF file. Nothing in it is trusted: every offset, size and address is checked before it
 * is used, and the memory that is taken is bounded by the size of the file and of {@link
 * #MAX_CODE_SPAN}.
 */
final class ElfReader {
  private static final int HEADER_BYTES = 52;
  private static final int PROGRAM_HEADER_BYTES = 32;
  private static final int MAGIC = 0x464C457F;
  private static final int CLASS_32 = 1;
  private static final int LITTLE = 1;
  private static final int VERSION = 1;
  private static final int EXECUTABLE = 2;
  private static final int RISC_V = 243;
  private static final int FLAG_COMPRESSED = 1;
  private static final int FLAGS_FLOAT = 6;
  private static final int LOAD = 1;
  private static final int DYNAMIC = 2;
  private static final int INTERPRETER = 3;
  private static final int EXECUTE = 1;

  /** Instructions lie in at most so many bytes from the first to the last. */
  private static final long MAX_CODE_SPAN = 1L << 26;

  private static final long MEMORY_BYTES = Program.CONFIG.addressSpaceSize();
  private static final String WANTED =
      "; a program is a statically linked ELF file made with -march=rv32im -mabi=ilp32";

  private final byte[] file;
  private final String name;

  ElfReader(byte[] file, String name) {
    this.file = file;
    this.name = name;
  }

  Program read() {
    checkHeader();
    List<ElfSegment> segments = segments();
    List<ElfSegment> code = segments.stream().filter(ElfSegment::executable).toList();
    if (code.isEmpty()) {
      throw refused("has no segment that is executable" + WANTED);
    }
    int base = code.getFirst().address();
    long span = Integer.toUnsignedLong(code.getLast().end()) - base;
    if (span > MAX_CODE_SPAN) {
      throw refused(
          "its executable segments span "
              + span
              + " bytes; the limit is "
              + MAX_CODE_SPAN
              + " bytes");
    }
    long[] operations = new long[words(code)];
    Arrays.fill(operations, Decoder.decode(0, 0));
    for (ElfSegment segment : code) {
      int first = (segment.address() - base) / Integer.BYTES;
      for (int i = 0; i < segment.words(); i++) {
        int pc = segment.address() + Integer.BYTES * i;
        operations[first + i] = Decoder.decode(segment.word(i), pc);
      }
    }
    return new Program(entry(code), base, operations, segments);
  }

  /** How many words the operations are, the last of which is in the file. */
  private static int words(List<ElfSegment> code) {
    ElfSegment last = code.getLast();
    return (last.address() - code.getFirst().address()) / Integer.BYTES + last.words();
  }

  private void checkHeader() {
    if (file.length < Integer.BYTES || LittleEndian.word(file, 0) != MAGIC) {
      throw refused("is not an ELF file" + WANTED);
    }
    if (file.length < HEADER_BYTES) {
      throw refused(
          "is truncated: it has " + file.length + " bytes, its header has " + HEADER_BYTES);
    }
    require(file[4] == CLASS_32, "is not a 32-bit ELF file (class " + file[4] + ")");
    require(file[5] == LITTLE, "is not little-endian (data encoding " + file[5] + ")");
    int version = LittleEndian.word(file, 20);
    require(
        file[6] == VERSION && version == VERSION,
        "has ELF version " + Integer.toUnsignedString(version) + ", not " + VERSION);
    int machine = LittleEndian.half(file, 18);
    require(machine == RISC_V, "is not for RISC-V (machine " + machine + ")");
    int type = LittleEndian.half(file, 16);
    require(type == EXECUTABLE, "is not an executable (type " + type + ", not " + EXECUTABLE + ")");
    int flags = LittleEndian.word(file, 36);
    require((flags & FLAG_COMPRESSED) == 0, "has compressed instructions, which RV32IM has not");
    require((flags & FLAGS_FLOAT) == 0, "passes floats in registers, which RV32IM has not");
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      throw refused(otherwise + WANTED);
    }
  }

  private int entry(List<ElfSegment> code) {
    int entry = LittleEndian.word(file, 24);
    if ((entry & 3) != 0) {
      throw refused(
          "its entry point " + GuestException.hex(entry) + " is not a multiple of 4" + WANTED);
    }
    for (ElfSegment segment : code) {
      long index = (Integer.toUnsignedLong(entry) - segment.address()) / Integer.BYTES;
      if (Integer.compareUnsigned(entry, segment.address()) >= 0 && index < segment.words()) {
        return entry;
      }
    }
    throw refused(
        "its entry point "
            + GuestException.hex(entry)
            + " lies outside of the instructions"
            + WANTED);
  }

  /** All segments that are loaded, by ascending address. */
  private List<ElfSegment> segments() {
    long table = Integer.toUnsignedLong(LittleEndian.word(file, 28));
    int size = LittleEndian.half(file, 42);
    int count = LittleEndian.half(file, 44);
    if (count == 0) {
      throw refused("has no segments; it was not linked" + WANTED);
    }
    if (size != PROGRAM_HEADER_BYTES) {
      throw refused(
          "its program headers have " + size + " bytes each, not " + PROGRAM_HEADER_BYTES);
    }
    if (table + (long) count * size > file.length) {
      throw refused(
          "is truncated: it has "
              + file.length
              + " bytes, its program headers end at "
              + (table + (long) count * size));
    }
    List<ElfSegment> segments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = (int) table + i * size;
      int type = LittleEndian.word(file, at);
      require(type != INTERPRETER && type != DYNAMIC, "is linked dynamically (segment " + i + ")");
      if (type == LOAD && LittleEndian.word(file, at + 20) != 0) {
        segments.add(segment(i, at));
      }
    }
    if (segments.isEmpty()) {
      throw refused("has no segment that is loaded" + WANTED);
    }
    segments.sort(Comparator.comparingInt(ElfSegment::address));
    for (int i = 1; i < segments.size(); i++) {
      requireApart(segments.get(i - 1), segments.get(i));
    }
    return segments;
  }

  private void requireApart(ElfSegment low, ElfSegment high) {
    if (low.end() > high.address()) {
      throw refused(
          "its segments %d and %d overlap: one ends at %s, the other begins at %s"
              .formatted(
                  low.number(),
                  high.number(),
                  GuestException.hex(low.end()),
                  GuestException.hex(high.address())));
    }
  }

  private ElfSegment segment(int number, int at) {
    long offset = Integer.toUnsignedLong(LittleEndian.word(file, at + 4));
    long address = Integer.toUnsignedLong(LittleEndian.word(file, at + 8));
    long fileBytes = Integer.toUnsignedLong(LittleEndian.word(file, at + 16));
    long memoryBytes = Integer.toUnsignedLong(LittleEndian.word(file, at + 20));
    boolean executable = (LittleEndian.word(file, at + 24) & EXECUTE) != 0;
    if (fileBytes > memoryBytes) {
      throw refused(
          "its segment %d has %d bytes in the file and %d in memory"
              .formatted(number, fileBytes, memoryBytes));
    }
    if (offset + fileBytes > file.length) {
      throw refused(
          "is truncated: it has %d bytes, its segment %d ends at %d"
              .formatted(file.length, number, offset + fileBytes));
    }
    if (address + memoryBytes > MEMORY_BYTES) {
      throw refused(
          "its segment %d lies outside of memory: it ends at 0x%x, memory ends at 0x%x; link it lower"
              .formatted(number, address + memoryBytes, MEMORY_BYTES));
    }
    if (executable && (address & 3) != 0) {
      throw refused(
          "its segment %d is executable and begins at 0x%x, which is not a multiple of 4"
              .formatted(number, address));
    }
    return new ElfSegment(
        number, file, (int) offset, (int) fileBytes, (int) address, (int) memoryBytes, executable);
  }

  private ElfException refused(String what) {
    return new ElfException(name + ": " + what);
  }
}
