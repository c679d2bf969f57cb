// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElfReaderTest {
  private static final int NOP = Instruction.ADDI.word(0, 0, 0, 0);
  private static final int SEGMENT = ElfFile.HEADER;

  private static byte[] good() {
    return new ElfFile().text(ElfFile.TEXT, NOP, NOP, NOP, NOP).data(0x3000, 16, 1, 2).bytes();
  }

  private static void refused(byte[] elf, String message) {
    assertThatThrownBy(() -> Program.parse(elf, "bad.elf"))
        .isInstanceOf(ElfException.class)
        .hasMessageStartingWith("bad.elf: ")
        .hasMessageContaining(message);
  }

  private static byte[] with(int offset, int bytes, int value) {
    byte[] elf = good();
    ByteBuffer file = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
    switch (bytes) {
      case 1 -> file.put(offset, (byte) value);
      case 2 -> file.putShort(offset, (short) value);
      default -> file.putInt(offset, value);
    }
    return elf;
  }

  @Test
  void readsAProgram() {
    Program program = Program.parse(good(), "good.elf");
    assertThat(program.entry()).isEqualTo(ElfFile.TEXT);
    AddressMap memory = program.initialMemory(BufferPool.shared());
    assertThat(memory.get(2, 0x3000)).isEqualTo(1);
    assertThat(memory.get(2, 0x3004)).isEqualTo(2);
    assertThat(memory.get(2, ElfFile.TEXT)).isEqualTo(0x13);
    int[] cells = new int[1];
    memory.forEachNonZero((_, _, _) -> cells[0]++);
    assertThat(cells[0]).isEqualTo(6);
    memory.release();
  }

  @Test
  void readsSegmentsAcrossPages() {
    int[] words = new SplittableRandom(1).ints(3000).toArray();
    byte[] elf = new ElfFile().text(0x1FF8, NOP).data(0x2FFC, 12004, words).entry(0x1FF8).bytes();
    AddressMap memory = Program.parse(elf, "").initialMemory(BufferPool.shared());
    for (int i = 0; i < words.length; i++) {
      for (int j = 0; j < 4; j++) {
        assertThat(memory.get(2, 0x2FFC + 4 * i + j)).isEqualTo(words[i] >> (8 * j) & 0xFF);
      }
    }
    memory.release();
  }

  @Test
  void takesInstructionsInSeveralSegments() {
    int jump = Instruction.JAL.word(1, 0, 0, 0x1000);
    byte[] elf =
        new ElfFile()
            .text(0x2000, Instruction.ADDI.word(5, 0, 0, 7))
            .text(0x1000, jump)
            .entry(0x1000)
            .bytes();
    try (Guest guest = new Guest(elf, "").step(2)) {
      assertThat(guest.machine.peekRegister(5)).isEqualTo(7);
      assertThat(guest.machine.peekRegister(1)).isEqualTo(0x1004);
    }
    byte[] intoTheGap = new ElfFile().text(0x2000, NOP).text(0x1000, NOP).entry(0x1000).bytes();
    try (Guest guest = new Guest(intoTheGap, "")) {
      assertThatThrownBy(() -> guest.step(2)).hasMessageContaining("illegal instruction");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 'is not an ELF file'",
    "4, 2, 'is not a 32-bit ELF file (class 2)'",
    "5, 2, 'is not little-endian (data encoding 2)'",
    "6, 0, 'has ELF version 1, not 1'",
    "16, 1, 'is not an executable (type 1, not 2)'",
    "16, 3, 'is not an executable (type 3, not 2)'",
    "18, 62, 'is not for RISC-V (machine 62)'",
    "20, 2, 'has ELF version 2, not 1'",
    "36, 1, 'has compressed instructions'",
    "36, 4, 'passes floats in registers'",
  })
  void refusesWhatIsNotForRv32im(int offset, int value, String message) {
    refused(with(offset, 1, value), message);
    assertThatThrownBy(() -> Program.parse(with(offset, 1, value), ""))
        .hasMessageContaining("a program is a statically linked ELF file");
  }

  @Test
  void refusesWhatIsNoElfFile() {
    refused(new byte[0], "is not an ELF file");
    refused(new byte[] {0x7F, 'E', 'L'}, "is not an ELF file");
    refused("#!/bin/sh\n".repeat(10).getBytes(StandardCharsets.UTF_8), "is not");
  }

  @Test
  void refusesEveryTruncation() {
    byte[] elf = good();
    for (int size = 0; size < elf.length; size++) {
      byte[] cut = Arrays.copyOf(elf, size);
      refused(cut, size < 4 ? "is not an ELF file" : "is truncated: it has " + size + " bytes");
    }
  }

  @Test
  void refusesSegmentsThatOverlap() {
    byte[] elf = new ElfFile().text(0x1000, NOP, NOP).data(0x1004, 4, 1).bytes();
    refused(
        elf,
        "its segments 0 and 1 overlap: one ends at 0x00001008, the other begins at 0x00001004");
    refused(
        new ElfFile().data(0x0FF0, 32, 1).text(0x1000, NOP).bytes(), "segments 0 and 1 overlap");
    refused(new ElfFile().text(0x1000, NOP).text(0x1000, NOP).bytes(), "overlap");
  }

  @ParameterizedTest
  @CsvSource({
    "00000000, 'lies outside of the instructions'",
    "00000ffc, 'lies outside of the instructions'",
    "00001010, 'lies outside of the instructions'",
    "00003000, 'lies outside of the instructions'",
    "80001000, 'lies outside of the instructions'",
    "ffffff00, 'lies outside of the instructions'",
    "00001001, 'is not a multiple of 4'",
    "00001002, 'is not a multiple of 4'",
  })
  void refusesAnEntryPointThatIsNoInstruction(String entry, String message) {
    refused(
        with(24, 4, Integer.parseUnsignedInt(entry, 16)),
        "its entry point 0x" + entry + " " + message);
  }

  @Test
  void refusesSegmentsOutsideOfMemory() {
    refused(
        new ElfFile().text(0x1FFFFFFC, NOP, NOP).bytes(), "its segment 0 lies outside of memory");
    refused(new ElfFile().text(0xFFFFFFFC, NOP).bytes(), "lies outside of memory");
    refused(with(SEGMENT + 32 + 20, 4, -1), "its segment 1 lies outside of memory");
    byte[] last = new ElfFile().text(0x1FFFFFFC, NOP).entry(0x1FFFFFFC).bytes();
    assertThat(Program.parse(last, "").entry()).isEqualTo(0x1FFFFFFC);
  }

  @Test
  void refusesSizesThatDoNotFit() {
    refused(with(SEGMENT + 16, 4, 17), "has 17 bytes in the file and 16 in memory");
    refused(with(SEGMENT + 4, 4, -4), "is truncated");
    refused(with(SEGMENT + 16, 4, -1), "has 4294967295 bytes in the file");
    refused(with(28, 4, -1), "is truncated");
    refused(with(44, 2, 0xFFFF), "is truncated");
    refused(with(42, 2, 40), "its program headers have 40 bytes each, not 32");
    refused(with(44, 2, 0), "has no segments; it was not linked");
  }

  @Test
  void refusesSegmentsThatAreNotAligned() {
    refused(
        new ElfFile().text(0x1002, NOP).entry(0x1000).bytes(),
        "its segment 0 is executable and begins at 0x1002, which is not a multiple of 4");
  }

  @Test
  void refusesAProgramWithoutInstructions() {
    refused(new ElfFile().data(0x1000, 4, NOP).bytes(), "has no segment that is executable");
    refused(new ElfFile().text(0x1000).bytes(), "has no segment that is loaded");
  }

  @Test
  void refusesDynamicLinking() {
    refused(with(SEGMENT + 32, 4, 3), "is linked dynamically (segment 1)");
    refused(with(SEGMENT + 32, 4, 2), "is linked dynamically (segment 1)");
  }

  @Test
  void takesNoMoreMemoryThanAllowed() {
    byte[] wide = new ElfFile().text(0x1000, NOP).text(0x1F000000, NOP).bytes();
    refused(wide, "its executable segments span");
  }

  @Test
  void noFileDoesMoreThanBeRefused() {
    long seed = 20261123;
    SplittableRandom random = new SplittableRandom(seed);
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] elf = good();
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        elf[random.nextInt(SEGMENT + 64)] = (byte) random.nextInt();
      }
      try {
        Program program = Program.parse(elf, "");
        program.initialMemory(BufferPool.shared()).release();
        read++;
      } catch (ElfException e) {
        assertThat(e).as("seed %d, file %d", seed, i).hasMessageStartingWith(": ");
      }
    }
    assertThat(read).isBetween(100, 19_000);
  }
}
