// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

/** Turns the words of a program into {@link Operation}s. */
final class Decoder {
  private static final int FENCE_FUNCT3 = 0;
  private static final int ECALL_WORD = 0x00000073;
  private static final int EBREAK_WORD = 0x00100073;
  private static final int FUNCT7_ALTERNATIVE = 0x20;
  private static final int FUNCT7_MULTIPLY = 0x01;

  private Decoder() {}

  /**
   * Decodes one word. Instructions of which nothing is left without their rd, because it is x0, are
   * {@link Operation#NOTHING}.
   *
   * @param word the instruction
   * @param pc where it lies
   * @return the operation, {@link Operation#ILLEGAL} if RV32IM has no such instruction
   */
  static long decode(int word, int pc) {
    int rd = word >>> 7 & 31;
    int rs1 = word >>> 15 & 31;
    int rs2 = word >>> 20 & 31;
    int funct3 = word >>> 12 & 7;
    return switch (word & 0x7F) {
      case 0x37 -> writing(Operation.CONSTANT, 0, rd, 0, 0, word & -0x1000);
      case 0x17 -> writing(Operation.CONSTANT, 0, rd, 0, 0, pc + (word & -0x1000));
      case 0x6F -> Operation.of(Operation.JUMP, 0, rd, 0, 0, jumpOffset(word));
      case 0x67 ->
          funct3 == 0
              ? Operation.of(Operation.JUMP_REGISTER, 0, rd, rs1, 0, word >> 20)
              : illegal(word);
      case 0x63 ->
          funct3 == 2 || funct3 == 3
              ? illegal(word)
              : Operation.of(Operation.BRANCH, funct3, 0, rs1, rs2, branchOffset(word));
      case 0x03 ->
          funct3 == 3 || funct3 > Operation.HALF_UNSIGNED
              ? illegal(word)
              : Operation.of(Operation.LOAD, funct3, rd, rs1, 0, word >> 20);
      case 0x23 ->
          funct3 > Operation.WORD
              ? illegal(word)
              : Operation.of(Operation.STORE, funct3, 0, rs1, rs2, storeOffset(word));
      case 0x13 -> immediate(word, rd, rs1, funct3);
      case 0x33 -> registers(word, rd, rs1, rs2, funct3);
      case 0x0F ->
          funct3 == FENCE_FUNCT3 ? Operation.of(Operation.NOTHING, 0, 0, 0, 0, 0) : illegal(word);
      case 0x73 ->
          switch (word) {
            case ECALL_WORD -> Operation.of(Operation.CALL, 0, 0, 0, 0, 0);
            case EBREAK_WORD -> Operation.of(Operation.BREAK, 0, 0, 0, 0, 0);
            default -> illegal(word);
          };
      default -> illegal(word);
    };
  }

  private static long immediate(int word, int rd, int rs1, int funct3) {
    int value = word >> 20;
    if (funct3 == Operation.SLL || funct3 == Operation.SRL) {
      int funct7 = word >>> 25;
      boolean arithmetic = funct3 == Operation.SRL && funct7 == FUNCT7_ALTERNATIVE;
      if (funct7 != 0 && !arithmetic) {
        return illegal(word);
      }
      int selector = arithmetic ? Operation.SRA : funct3;
      return writing(Operation.IMMEDIATE, selector, rd, rs1, 0, value & 31);
    }
    return writing(Operation.IMMEDIATE, funct3, rd, rs1, 0, value);
  }

  private static long registers(int word, int rd, int rs1, int rs2, int funct3) {
    int selector =
        switch (word >>> 25) {
          case 0 -> funct3;
          case FUNCT7_MULTIPLY -> Operation.MUL + funct3;
          case FUNCT7_ALTERNATIVE ->
              switch (funct3) {
                case Operation.ADD -> Operation.SUB;
                case Operation.SRL -> Operation.SRA;
                default -> -1;
              };
          default -> -1;
        };
    return selector < 0 ? illegal(word) : writing(Operation.REGISTERS, selector, rd, rs1, rs2, 0);
  }

  /** An instruction that does nothing but write rd. */
  private static long writing(int format, int selector, int rd, int rs1, int rs2, int immediate) {
    return rd == 0
        ? Operation.of(Operation.NOTHING, 0, 0, 0, 0, 0)
        : Operation.of(format, selector, rd, rs1, rs2, immediate);
  }

  private static long illegal(int word) {
    return Operation.of(Operation.ILLEGAL, 0, 0, 0, 0, word);
  }

  private static int storeOffset(int word) {
    return word >> 25 << 5 | (word >>> 7 & 31);
  }

  private static int branchOffset(int word) {
    return word >> 31 << 12
        | (word >>> 7 & 1) << 11
        | (word >>> 25 & 0x3F) << 5
        | (word >>> 8 & 0xF) << 1;
  }

  private static int jumpOffset(int word) {
    return word >> 31 << 20
        | (word >>> 12 & 0xFF) << 12
        | (word >>> 20 & 1) << 11
        | (word >>> 21 & 0x3FF) << 1;
  }
}
