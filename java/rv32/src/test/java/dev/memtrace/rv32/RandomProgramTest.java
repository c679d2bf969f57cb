// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random programs of all instructions against the {@link ReferenceMachine}, log included. */
class RandomProgramTest {
  private static final int PROGRAMS = 60;
  private static final int LENGTH = 400;

  /** A jump may land on one by a register, whose target may then lie behind: a loop. */
  private static final int MOST_INSTRUCTIONS = 5000;

  private static final int DATA = 0x4000;
  private static final int DATA_BYTES = 0x1000;
  private static final int MEMORY_BYTES = 0x8000;

  /** Holds the middle of the data and is never written. */
  private static final int BASE = 8;

  /** Written only just before a jump by it. */
  private static final int TARGET = 9;

  private static final int[] CORNERS = {0, 1, -1, 2, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFF, -2};

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void behaveAsTheReference(long seed) {
    SplittableRandom seeds = new SplittableRandom(seed);
    for (int i = 0; i < PROGRAMS; i++) {
      SplittableRandom random = seeds.split();
      assertSame("seed %d, program %d".formatted(seed, i), random);
    }
  }

  private static void assertSame(String name, SplittableRandom random) {
    int[] words = program(random);
    int[] data = random.ints(DATA_BYTES / 4).toArray();
    byte[] elf = new ElfFile().text(ElfFile.TEXT, words).data(DATA, DATA_BYTES, data).bytes();
    ReferenceMachine reference = new ReferenceMachine(MEMORY_BYTES, ElfFile.TEXT);
    copy(words, reference.memory, ElfFile.TEXT);
    copy(data, reference.memory, DATA);
    while (!reference.exited && reference.instructions < MOST_INSTRUCTIONS) {
      reference.step();
    }
    List<String> log = new ArrayList<>();
    try (Guest guest = new Guest(elf, "")) {
      // In segments, which must change nothing.
      while (guest.machine.instructions() < reference.instructions) {
        long left = reference.instructions - guest.machine.instructions();
        long most = Math.min(left, 1 + random.nextInt(200));
        Machine.Stop stop = guest.machine.run(most, 100 + random.nextInt(300));
        if (stop == Machine.Stop.EXITED) {
          assertThat(reference.exited && most == left).as(name).isTrue();
        }
        log.addAll(guest.log());
      }
      assertThat(log).as(name).isEqualTo(reference.log);
      for (int r = 0; r < 32; r++) {
        assertThat(guest.machine.peekRegister(r)).as(name).isEqualTo(reference.registers[r]);
      }
      for (int address = 0; address < MEMORY_BYTES; address += 4) {
        assertThat(guest.machine.peekWord(address))
            .as("%s, %x", name, address)
            .isEqualTo(reference.load(address, 4));
      }
      assertThat(guest.machine.pc()).as(name).isEqualTo(reference.pc);
      if (reference.exited) {
        assertThat(guest.machine.status()).as(name).isEqualTo(reference.registers[Guest.A0]);
      }
      assertThat(guest.machine.instructions()).as(name).isEqualTo(reference.instructions);
    }
  }

  private static void copy(int[] words, byte[] memory, int address) {
    byte[] bytes = ElfFile.bytesOf(words);
    System.arraycopy(bytes, 0, memory, address, bytes.length);
  }

  /** Instructions, nearly all of which jump forward, and the end. */
  private static int[] program(SplittableRandom random) {
    List<Integer> words = new ArrayList<>();
    for (int r = 1; r < 32; r++) {
      boolean corner = random.nextBoolean();
      words.addAll(
          Guest.load(r, corner ? CORNERS[random.nextInt(CORNERS.length)] : random.nextInt()));
    }
    words.addAll(Guest.load(BASE, DATA + DATA_BYTES / 2));
    words.addAll(Guest.load(TARGET, ElfFile.TEXT + 4 * words.size()));
    Instruction[] all = Instruction.values();
    for (int i = 0; i < LENGTH; i++) {
      Instruction instruction = all[random.nextInt(all.length)];
      switch (instruction) {
        case ECALL, EBREAK -> {}
        case JALR -> {
          words.add(Instruction.AUIPC.word(TARGET, 0, 0, 0));
          int offset = 8 + random.nextInt(2) + 4 * random.nextInt(4);
          words.add(instruction.word(target(random), TARGET, 0, offset));
        }
        default -> words.add(word(instruction, random));
      }
    }
    // Jumps from the last instructions end here.
    for (int i = 0; i < 8; i++) {
      words.add(Instruction.FENCE.word(0, 0, 0, 0));
    }
    words.addAll(Guest.load(Guest.A7, 93));
    words.add(Instruction.ECALL.word(0, 0, 0, 0));
    return Guest.words(words);
  }

  private static int word(Instruction instruction, SplittableRandom random) {
    int rd = target(random);
    int rs1 = random.nextInt(32);
    int rs2 = random.nextInt(32);
    int offset = random.nextInt(-2048, 2048);
    return switch (instruction) {
      case LB, LBU, SB -> instruction.word(rd, BASE, rs2, offset);
      case LH, LHU, SH -> instruction.word(rd, BASE, rs2, offset & -2);
      case LW, SW -> instruction.word(rd, BASE, rs2, offset & -4);
      case JAL, BEQ, BNE, BLT, BGE, BLTU, BGEU ->
          instruction.word(rd, rs1, random.nextBoolean() ? rs1 : rs2, 4 + 4 * random.nextInt(6));
      default -> instruction.word(rd, rs1, rs2, random.nextInt());
    };
  }

  /** A register that may be written. */
  private static int target(SplittableRandom random) {
    int rd = random.nextInt(32);
    return rd == BASE || rd == TARGET ? 0 : rd;
  }

  @Test
  void thereIsEveryInstructionInSuchAProgram() {
    SplittableRandom random = new SplittableRandom(5);
    List<Instruction> seen = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      for (int word : program(random)) {
        seen.add(Instruction.of(word).orElseThrow());
      }
    }
    List<Instruction> expected = new ArrayList<>(Arrays.asList(Instruction.values()));
    expected.remove(Instruction.EBREAK);
    assertThat(seen).containsAll(expected);
  }
}
