// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import java.util.Arrays;
import java.util.Optional;

/** The 48 instructions of RV32IM as the tables of the RISC-V manual have them. */
enum Instruction {
  LUI(Kind.U, 0x0000007F, 0x00000037),
  AUIPC(Kind.U, 0x0000007F, 0x00000017),
  JAL(Kind.J, 0x0000007F, 0x0000006F),
  JALR(Kind.I, 0x0000707F, 0x00000067),
  BEQ(Kind.B, 0x0000707F, 0x00000063),
  BNE(Kind.B, 0x0000707F, 0x00001063),
  BLT(Kind.B, 0x0000707F, 0x00004063),
  BGE(Kind.B, 0x0000707F, 0x00005063),
  BLTU(Kind.B, 0x0000707F, 0x00006063),
  BGEU(Kind.B, 0x0000707F, 0x00007063),
  LB(Kind.I, 0x0000707F, 0x00000003),
  LH(Kind.I, 0x0000707F, 0x00001003),
  LW(Kind.I, 0x0000707F, 0x00002003),
  LBU(Kind.I, 0x0000707F, 0x00004003),
  LHU(Kind.I, 0x0000707F, 0x00005003),
  SB(Kind.S, 0x0000707F, 0x00000023),
  SH(Kind.S, 0x0000707F, 0x00001023),
  SW(Kind.S, 0x0000707F, 0x00002023),
  ADDI(Kind.I, 0x0000707F, 0x00000013),
  SLTI(Kind.I, 0x0000707F, 0x00002013),
  SLTIU(Kind.I, 0x0000707F, 0x00003013),
  XORI(Kind.I, 0x0000707F, 0x00004013),
  ORI(Kind.I, 0x0000707F, 0x00006013),
  ANDI(Kind.I, 0x0000707F, 0x00007013),
  SLLI(Kind.SHIFT, 0xFE00707F, 0x00001013),
  SRLI(Kind.SHIFT, 0xFE00707F, 0x00005013),
  SRAI(Kind.SHIFT, 0xFE00707F, 0x40005013),
  ADD(Kind.R, 0xFE00707F, 0x00000033),
  SUB(Kind.R, 0xFE00707F, 0x40000033),
  SLL(Kind.R, 0xFE00707F, 0x00001033),
  SLT(Kind.R, 0xFE00707F, 0x00002033),
  SLTU(Kind.R, 0xFE00707F, 0x00003033),
  XOR(Kind.R, 0xFE00707F, 0x00004033),
  SRL(Kind.R, 0xFE00707F, 0x00005033),
  SRA(Kind.R, 0xFE00707F, 0x40005033),
  OR(Kind.R, 0xFE00707F, 0x00006033),
  AND(Kind.R, 0xFE00707F, 0x00007033),
  FENCE(Kind.I, 0x0000707F, 0x0000000F),
  ECALL(Kind.NONE, 0xFFFFFFFF, 0x00000073),
  EBREAK(Kind.NONE, 0xFFFFFFFF, 0x00100073),
  MUL(Kind.R, 0xFE00707F, 0x02000033),
  MULH(Kind.R, 0xFE00707F, 0x02001033),
  MULHSU(Kind.R, 0xFE00707F, 0x02002033),
  MULHU(Kind.R, 0xFE00707F, 0x02003033),
  DIV(Kind.R, 0xFE00707F, 0x02004033),
  DIVU(Kind.R, 0xFE00707F, 0x02005033),
  REM(Kind.R, 0xFE00707F, 0x02006033),
  REMU(Kind.R, 0xFE00707F, 0x02007033);

  /** Where the operands lie in the word. */
  enum Kind {
    R,
    I,
    SHIFT,
    S,
    B,
    U,
    J,
    NONE
  }

  final Kind kind;
  final int mask;
  final int match;

  Instruction(Kind kind, int mask, int match) {
    this.kind = kind;
    this.mask = mask;
    this.match = match;
  }

  static Optional<Instruction> of(int word) {
    return Arrays.stream(values()).filter(i -> (word & i.mask) == i.match).findFirst();
  }

  /** The word of this instruction; what it does not have is left out. */
  int word(int rd, int rs1, int rs2, int immediate) {
    return match
        | switch (kind) {
          case R -> rd << 7 | rs1 << 15 | rs2 << 20;
          case I -> rd << 7 | rs1 << 15 | immediate << 20;
          case SHIFT -> rd << 7 | rs1 << 15 | (immediate & 31) << 20;
          case S -> bits(immediate, 4, 0) << 7 | rs1 << 15 | rs2 << 20 | immediate >> 5 << 25;
          case B ->
              bits(immediate, 11, 11) << 7
                  | bits(immediate, 4, 1) << 8
                  | rs1 << 15
                  | rs2 << 20
                  | bits(immediate, 10, 5) << 25
                  | bits(immediate, 12, 12) << 31;
          case U -> rd << 7 | (immediate & 0xFFFFF000);
          case J ->
              rd << 7
                  | bits(immediate, 19, 12) << 12
                  | bits(immediate, 11, 11) << 20
                  | bits(immediate, 10, 1) << 21
                  | bits(immediate, 20, 20) << 31;
          case NONE -> 0;
        };
  }

  /** The immediate operand of a word of this instruction. */
  int immediate(int word) {
    int sign = word < 0 ? -1 : 0;
    return switch (kind) {
      case R, NONE -> 0;
      case I -> sign << 11 | bits(word, 30, 20);
      case SHIFT -> bits(word, 24, 20);
      case S -> sign << 11 | bits(word, 30, 25) << 5 | bits(word, 11, 7);
      case B ->
          sign << 12 | bits(word, 7, 7) << 11 | bits(word, 30, 25) << 5 | bits(word, 11, 8) << 1;
      case U -> bits(word, 31, 12) << 12;
      case J ->
          sign << 20
              | bits(word, 19, 12) << 12
              | bits(word, 20, 20) << 11
              | bits(word, 30, 21) << 1;
    };
  }

  private static int bits(int word, int high, int low) {
    return (int) (Integer.toUnsignedLong(word) >> low & ((1L << (high - low + 1)) - 1));
  }
}
