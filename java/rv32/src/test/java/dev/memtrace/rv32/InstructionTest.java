// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.rv32.Instruction.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each instruction alone, with results that are written out here. */
class InstructionTest {
  private static final int DATA = 0x20000;
  private static final int RD = 5;
  private static final int RS1 = 6;
  private static final int RS2 = 7;

  /** Instructions before the one of a case: two for each of two registers. */
  private static final int PROLOGUE = 4;

  private static final int PC = ElfFile.TEXT + 4 * PROLOGUE;

  /**
   * Name, first operand, second operand or immediate, result. Loads have the word in memory and the
   * offset, stores the value and the offset and store to the word 44332211; branches, jumps and
   * what is left have the address that follows, relative to the instruction; jumps by a register
   * have the register relative to it as well.
   */
  private static final String CASES =
      """
      LUI    0        12345000 12345000
      LUI    0        80000000 80000000
      LUI    0        fffff000 fffff000
      AUIPC  0        00000000 00001010
      AUIPC  0        fffff000 00000010
      AUIPC  0        7ffff000 80000010
      JAL    0        00000008 8
      JAL    0        00000004 4
      JAL    0        fffffff4 -12
      JAL    0        000ffffc 1048572
      JAL    0        fff00000 -1048576
      JALR   0        00000000 0
      JALR   4        00000004 8
      JALR   9        00000000 8
      JALR   8        fffffff8 0
      JALR   2000     fffff800 6144
      JALR   0        000007fc 2044
      BEQ    5        5        8
      BEQ    5        6        4
      BEQ    ffffffff ffffffff 8
      BNE    5        5        4
      BNE    0        80000000 8
      BLT    ffffffff 0        8
      BLT    0        ffffffff 4
      BLT    80000000 7fffffff 8
      BLT    7        7        4
      BGE    ffffffff 0        4
      BGE    7        7        8
      BGE    7fffffff 80000000 8
      BLTU   ffffffff 0        4
      BLTU   0        ffffffff 8
      BLTU   7fffffff 80000000 8
      BLTU   7        7        4
      BGEU   ffffffff 0        8
      BGEU   7        7        8
      BGEU   7fffffff 80000000 4
      LB     80ff7f01 0        00000001
      LB     80ff7f01 1        0000007f
      LB     80ff7f01 2        ffffffff
      LB     80ff7f01 3        ffffff80
      LH     8000ff7f 0        ffffff7f
      LH     80007fff 0        00007fff
      LH     80007fff 2        ffff8000
      LW     89abcdef 0        89abcdef
      LBU    80ff7f01 2        000000ff
      LBU    80ff7f01 3        00000080
      LHU    8000ff7f 0        0000ff7f
      LHU    8000ff7f 2        00008000
      SB     aabbccdd 0        443322dd
      SB     aabbccdd 1        4433dd11
      SB     aabbccdd 2        44dd2211
      SB     aabbccdd 3        dd332211
      SH     aabbccdd 0        4433ccdd
      SH     aabbccdd 2        ccdd2211
      SW     aabbccdd 0        aabbccdd
      ADDI   7fffffff 1        80000000
      ADDI   0        fffff800 fffff800
      ADDI   800      7ff      00000fff
      SLTI   ffffffff 0        1
      SLTI   0        ffffffff 0
      SLTI   80000000 7ff      1
      SLTI   5        5        0
      SLTIU  ffffffff 0        0
      SLTIU  0        ffffffff 1
      SLTIU  0        1        1
      SLTIU  fffff7ff fffff800 1
      XORI   0f0f0f0f ffffffff f0f0f0f0
      XORI   5        3        6
      ORI    5        3        7
      ORI    f0000000 fffff800 fffff800
      ANDI   5        3        1
      ANDI   ffffffff fffff800 fffff800
      SLLI   1        0        1
      SLLI   1        1f       80000000
      SLLI   ffffffff 10       ffff0000
      SRLI   80000000 1f       1
      SRLI   80000000 0        80000000
      SRLI   ffffffff 10       0000ffff
      SRAI   80000000 1f       ffffffff
      SRAI   7fffffff 1f       0
      SRAI   80000000 0        80000000
      SRAI   80000000 4        f8000000
      ADD    7fffffff 1        80000000
      ADD    ffffffff 1        0
      SUB    0        1        ffffffff
      SUB    80000000 1        7fffffff
      SLL    1        1f       80000000
      SLL    1        20       1
      SLL    3        21       6
      SLL    1        ffffffff 80000000
      SLT    80000000 7fffffff 1
      SLT    7fffffff 80000000 0
      SLT    3        3        0
      SLTU   80000000 7fffffff 0
      SLTU   7fffffff 80000000 1
      SLTU   3        3        0
      XOR    ff00ff00 0ff00ff0 f0f0f0f0
      SRL    80000000 1f       1
      SRL    80000000 20       80000000
      SRL    80000000 3f       1
      SRA    80000000 1f       ffffffff
      SRA    80000000 20       80000000
      SRA    80000000 24       f8000000
      SRA    40000000 1e       1
      OR     f0f00000 0ff0000f fff0000f
      AND    f0f0ffff 0ff0f0f0 00f0f0f0
      FENCE  0        ff       4
      ECALL  5d       0        4
      EBREAK 0        0        0
      MUL    ffffffff ffffffff 1
      MUL    12345678 10       23456780
      MUL    80000000 80000000 0
      MULH   ffffffff ffffffff 0
      MULH   80000000 80000000 40000000
      MULH   80000000 7fffffff c0000000
      MULH   ffffffff 1        ffffffff
      MULHSU ffffffff ffffffff ffffffff
      MULHSU 80000000 ffffffff 80000000
      MULHSU 7fffffff ffffffff 7ffffffe
      MULHSU ffffffff 1        ffffffff
      MULHSU 1        ffffffff 0
      MULHU  ffffffff ffffffff fffffffe
      MULHU  80000000 80000000 40000000
      MULHU  ffffffff 1        0
      DIV    7        fffffffe fffffffd
      DIV    fffffff9 2        fffffffd
      DIV    7        0        ffffffff
      DIV    0        0        ffffffff
      DIV    80000000 ffffffff 80000000
      DIVU   fffffff9 2        7ffffffc
      DIVU   7        0        ffffffff
      DIVU   80000000 ffffffff 0
      REM    7        fffffffe 1
      REM    fffffff9 2        ffffffff
      REM    fffffff9 0        fffffff9
      REM    80000000 ffffffff 0
      REMU   fffffff9 2        1
      REMU   fffffff9 0        fffffff9
      REMU   80000000 ffffffff 80000000
      """;

  static List<String> cases() {
    return CASES.lines().toList();
  }

  private static int number(String text) {
    return Integer.parseUnsignedInt(text, 16);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void doesWhatTheManualSays(String line) {
    String[] parts = line.split(" +", -1);
    Instruction instruction = Instruction.valueOf(parts[0]);
    int a = number(parts[1]);
    int b = number(parts[2]);
    switch (instruction) {
      case LUI, AUIPC -> assertResult(instruction.word(RD, 0, 0, b), 0, 0, number(parts[3]));
      case JAL -> assertJump(instruction.word(RD, 0, 0, b), 0, Integer.parseInt(parts[3]));
      case JALR -> assertJump(instruction.word(RD, RS1, 0, b), PC + a, Integer.parseInt(parts[3]));
      case BEQ, BNE, BLT, BGE, BLTU, BGEU ->
          assertNext(instruction.word(0, RS1, RS2, 8), a, b, Integer.parseInt(parts[3]));
      case LB, LH, LW, LBU, LHU -> {
        assertLoad(instruction.word(RD, RS1, 0, b), DATA, a, number(parts[3]));
        assertLoad(instruction.word(RD, RS1, 0, -2048 + b), DATA + 2048, a, number(parts[3]));
      }
      case SB, SH, SW -> assertStore(instruction.word(0, RS1, RS2, b), a, number(parts[3]));
      case FENCE -> assertNext(instruction.word(0, 0, 0, b), 0, 0, 4);
      case ECALL -> assertExit(a);
      case EBREAK ->
          assertThatThrownBy(() -> assertNext(instruction.word(0, 0, 0, 0), 0, 0, 4))
              .isInstanceOf(GuestException.class)
              .hasMessageContaining("ebreak")
              .hasMessageContaining("(pc 0x00001010)");
      default -> {
        int word =
            instruction.kind == Kind.R
                ? instruction.word(RD, RS1, RS2, 0)
                : instruction.word(RD, RS1, 0, b);
        assertResult(word, a, b, number(parts[3]));
        assertThat(ReferenceMachine.result(instruction, a, b)).isEqualTo(number(parts[3]));
      }
    }
  }

  @Test
  void everyInstructionHasACase() {
    Set<String> named =
        cases().stream().map(line -> line.split(" ", 2)[0]).collect(Collectors.toSet());
    assertThat(named)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(Instruction.values()).map(Enum::name).toList())
        .hasSize(48);
  }

  private static Guest guest(int word, int a, int b, int data) {
    int[] words = Guest.words(Guest.load(RS1, a), Guest.load(RS2, b), List.of(word));
    return new Guest(new ElfFile().text(ElfFile.TEXT, words).data(DATA, 4, data).bytes(), "");
  }

  private static void assertResult(int word, int a, int b, int expected) {
    try (Guest guest = guest(word, a, b, 0).step(PROLOGUE + 1)) {
      assertThat(guest.machine.peekRegister(RD)).isEqualTo(expected);
      assertThat(guest.machine.peekRegister(RS1)).isEqualTo(a);
      assertThat(guest.machine.peekRegister(RS2)).isEqualTo(b);
      assertThat(guest.machine.pc()).isEqualTo(PC + 4);
    }
  }

  private static void assertNext(int word, int a, int b, int expected) {
    try (Guest guest = guest(word, a, b, 0).step(PROLOGUE + 1)) {
      assertThat(guest.machine.pc()).isEqualTo(PC + expected);
    }
  }

  private static void assertJump(int word, int a, int expected) {
    try (Guest guest = guest(word, a, 0, 0).step(PROLOGUE + 1)) {
      assertThat(guest.machine.pc()).isEqualTo(PC + expected);
      assertThat(guest.machine.peekRegister(RD)).isEqualTo(PC + 4);
    }
  }

  private static void assertLoad(int word, int address, int data, int expected) {
    try (Guest guest = guest(word, address, 0, data).step(PROLOGUE + 1)) {
      assertThat(guest.machine.peekRegister(RD)).isEqualTo(expected);
    }
  }

  private static void assertStore(int word, int value, int expected) {
    try (Guest guest = guest(word, DATA, value, 0x44332211).step(PROLOGUE + 1)) {
      assertThat(guest.machine.peekWord(DATA)).isEqualTo(expected);
      assertThat(guest.machine.peekWord(DATA + 4)).isZero();
      assertThat(guest.machine.peekWord(DATA - 4)).isZero();
    }
  }

  private static void assertExit(int call) {
    int[] words =
        Guest.words(
            Guest.load(Guest.A7, call),
            Guest.load(Guest.A0, -7),
            List.of(Instruction.ECALL.word(0, 0, 0, 0)));
    try (Guest guest = Guest.of(words)) {
      assertThat(guest.machine.run(100, 1000)).isEqualTo(Machine.Stop.EXITED);
      assertThat(guest.machine.status()).isEqualTo(-7);
      assertThat(guest.machine.instructions()).isEqualTo(5);
    }
  }

  // ------------------------------------------------------------------ x0

  @Test
  void x0StaysZeroAndIsNeverWritten() {
    for (Instruction instruction : Instruction.values()) {
      if (instruction == Instruction.ECALL || instruction == Instruction.EBREAK) {
        continue;
      }
      int word = instruction.word(0, RS1, RS2, 8);
      try (Guest guest = guest(word, PC, 5, 0).step(PROLOGUE + 1)) {
        assertThat(guest.machine.peekRegister(0)).as(instruction.name()).isZero();
        assertThat(guest.log()).as(instruction.name()).noneMatch(line -> line.startsWith("W 1 0 "));
      }
    }
  }

  // ------------------------------------------------------------------ illegal accesses

  @ParameterizedTest
  @CsvSource({
    "LH, 20001, load of 2 bytes at 0x00020001, which is not a multiple of 2",
    "LHU, 20003, load of 2 bytes at 0x00020003, which is not a multiple of 2",
    "LW, 20001, load of 4 bytes at 0x00020001, which is not a multiple of 4",
    "LW, 20002, load of 4 bytes at 0x00020002, which is not a multiple of 4",
    "SH, 20001, store of 2 bytes at 0x00020001, which is not a multiple of 2",
    "SW, 20003, store of 4 bytes at 0x00020003, which is not a multiple of 4",
    "LB, 20000000, 'load of 1 bytes at 0x20000000, which is outside of memory: it has 0x20000000'",
    "LBU, ffffffff, 'load of 1 bytes at 0xffffffff, which is outside of memory'",
    "LW, fffffffc, 'load of 4 bytes at 0xfffffffc, which is outside of memory'",
    "SB, 20000000, 'store of 1 bytes at 0x20000000, which is outside of memory'",
    "SW, 80000000, 'store of 4 bytes at 0x80000000, which is outside of memory'",
  })
  void refusesAddressesThatAreNotAlignedOrNotThere(String name, String address, String message) {
    int word = Instruction.valueOf(name).word(RD, RS1, RS2, 0);
    // The encoding of a store has no rd: its bits are the immediate.
    int store = Instruction.valueOf(name).word(0, RS1, RS2, 0);
    try (Guest guest = guest(name.startsWith("S") ? store : word, number(address), 1, 0)) {
      assertThatThrownBy(() -> guest.step(PROLOGUE + 1))
          .isInstanceOfSatisfying(GuestException.class, e -> assertThat(e.pc()).isEqualTo(PC))
          .hasMessageContaining(message)
          .hasMessageEndingWith("(pc 0x00001010)");
    }
  }

  @Test
  void theLastBytesOfMemoryAreThere() {
    int last = (1 << 29) - 4;
    for (Instruction store : List.of(Instruction.SW, Instruction.SB, Instruction.SH)) {
      try (Guest guest = guest(store.word(0, RS1, RS2, 0), last, 0x55, 0).step(PROLOGUE + 1)) {
        assertThat(guest.machine.peekWord(last)).isEqualTo(0x55);
      }
    }
    assertLoad(Instruction.LBU.word(RD, RS1, 0, 3), last, 0, 0);
  }

  @ParameterizedTest
  @CsvSource({
    "JAL, 2, jump to 0x00001012",
    "JALR, 2, jump to 0x00001012",
    "BEQ, 6, jump to 0x00001016",
  })
  void refusesTargetsThatAreNotAligned(String name, int offset, String message) {
    int word = Instruction.valueOf(name).word(0, RS1, RS1, offset);
    int jumpByRegister = Instruction.JALR.word(0, RS1, 0, offset);
    try (Guest guest = guest(name.equals("JALR") ? jumpByRegister : word, PC, 0, 0)) {
      assertThatThrownBy(() -> guest.step(PROLOGUE + 1))
          .isInstanceOf(GuestException.class)
          .hasMessageContaining(message + ", which is not a multiple of 4")
          .hasMessageEndingWith("(pc 0x00001010)");
    }
  }

  @Test
  void aBranchThatIsNotTakenMayHaveAnyTarget() {
    assertNext(Instruction.BNE.word(0, RS1, RS1, 6), 0, 0, 4);
  }

  @ParameterizedTest
  @CsvSource({
    "JAL, 1000",
    "JAL, -100",
    "BEQ, 400",
    "JALR, 2000",
  })
  void refusesJumpsOutOfTheProgram(String name, int offset) {
    int word =
        name.equals("JALR")
            ? Instruction.JALR.word(0, RS1, 0, offset)
            : Instruction.valueOf(name).word(0, 0, 0, offset);
    try (Guest guest = guest(word, PC, 0, 0)) {
      assertThatThrownBy(() -> guest.step(PROLOGUE + 2))
          .isInstanceOf(GuestException.class)
          .hasMessageContaining("jump out of the program to 0x%08x".formatted(PC + offset))
          .hasMessageContaining("from 0x00001000 to 0x00001010")
          .hasMessageEndingWith("(pc 0x00001010)");
    }
  }

  @Test
  void refusesToRunOffTheEnd() {
    try (Guest guest = Guest.of(Instruction.ADDI.word(1, 1, 0, 1))) {
      assertThatThrownBy(() -> guest.step(2))
          .isInstanceOf(GuestException.class)
          .hasMessageContaining("jump out of the program to 0x00001004");
      assertThatThrownBy(() -> guest.step(1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("has ended");
    }
  }

  // ------------------------------------------------------------------ illegal instructions

  @Test
  void everyOtherWordIsIllegal() {
    // Every combination of opcode, funct3 and funct7, and the neighbours of ecall and ebreak.
    int illegal = 0;
    for (int bits = 0; bits < 1 << 17; bits++) {
      int word = (bits & 0x7F) | (bits >> 7 << 12 & 0x7000) | bits >> 10 << 25;
      illegal += assertDecodes(word | 1 << 7 | 2 << 15 | 3 << 20);
      illegal += assertDecodes(word);
    }
    assertThat(illegal).isGreaterThan(200_000);
    for (int word : new int[] {0x00200073, 0x00100173, 0x00008073, 0x30200073, 0x10500073, 0x73}) {
      assertDecodes(word);
    }
  }

  private static int assertDecodes(int word) {
    boolean legal = Instruction.of(word).isPresent();
    boolean decoded = Operation.format(Decoder.decode(word, 0)) != Operation.ILLEGAL;
    assertThat(decoded).as("%08x", word).isEqualTo(legal);
    return legal ? 0 : 1;
  }

  @ParameterizedTest
  @CsvSource({
    "00000000, all zeros",
    "ffffffff, all ones",
    "0000100f, fence.i",
    "c0001073, csrrw",
    "00002007, flw",
    "1000202f, lr.w",
    "00003003, ld",
    "02000013, slli with a bit of funct7 would be RV64",
  })
  void refusesAnIllegalInstructionWhenItIsExecuted(String word, String what) {
    int shift = what.startsWith("slli") ? 0x02001013 : number(word);
    try (Guest guest = guest(shift, 0, 0, 0)) {
      guest.step(PROLOGUE);
      assertThatThrownBy(() -> guest.step(1))
          .as(what)
          .isInstanceOf(GuestException.class)
          .hasMessage("illegal instruction 0x%08x (pc 0x00001010)".formatted(shift));
    }
  }
}
