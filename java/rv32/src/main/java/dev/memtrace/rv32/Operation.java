// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

/**
 * A decoded instruction in 64 bits:
 *
 * <pre>
 * bits 0-4    which operation of its format
 * bits 5-8    format: what it accesses
 * bits 9-15   first cell of rd: 4 times its number
 * bits 16-22  first cell of rs1
 * bits 23-29  first cell of rs2
 * bits 32-63  immediate
 * </pre>
 */
final class Operation {
  /** Reads rs1 and rs2, writes rd, which is not x0. */
  static final int REGISTERS = 0;

  /** Reads rs1, ticks, writes rd, which is not x0. */
  static final int IMMEDIATE = 1;

  /** Reads rs1 and memory, writes rd. */
  static final int LOAD = 2;

  /** Reads rs1 and rs2, writes memory. */
  static final int STORE = 3;

  /** Reads rs1 and rs2. */
  static final int BRANCH = 4;

  /** Writes rd. */
  static final int JUMP = 5;

  /** Reads rs1, writes rd. */
  static final int JUMP_REGISTER = 6;

  /** Writes the immediate to rd, which is not x0. */
  static final int CONSTANT = 7;

  /** Ticks. */
  static final int NOTHING = 8;

  static final int CALL = 9;
  static final int BREAK = 10;

  /** The immediate is the word. */
  static final int ILLEGAL = 11;

  static final int FORMAT_SHIFT = 5;
  static final int FORMAT_MASK = 15;
  static final int SELECTOR_MASK = 31;
  static final int RD_SHIFT = 9;
  static final int RS1_SHIFT = 16;
  static final int RS2_SHIFT = 23;
  static final int REGISTER_MASK = 31 << 2;
  static final int IMMEDIATE_SHIFT = 32;

  // Selectors of REGISTERS and IMMEDIATE: funct3, then the alternatives of funct7.
  static final int ADD = 0;
  static final int SLL = 1;
  static final int SLT = 2;
  static final int SLTU = 3;
  static final int XOR = 4;
  static final int SRL = 5;
  static final int OR = 6;
  static final int AND = 7;
  static final int SUB = 8;
  static final int SRA = 13;
  static final int MUL = 16;
  static final int MULH = 17;
  static final int MULHSU = 18;
  static final int MULHU = 19;
  static final int DIV = 20;
  static final int DIVU = 21;
  static final int REM = 22;
  static final int REMU = 23;

  // Selectors of LOAD, STORE and BRANCH: funct3.
  static final int BYTE = 0;
  static final int HALF = 1;
  static final int WORD = 2;
  static final int BYTE_UNSIGNED = 4;
  static final int HALF_UNSIGNED = 5;
  static final int BEQ = 0;
  static final int BNE = 1;
  static final int BLT = 4;
  static final int BGE = 5;
  static final int BLTU = 6;
  static final int BGEU = 7;

  /** The most accesses, and the most log entries, of an instruction that is no call. */
  static final int MOST_ENTRIES = 3;

  private Operation() {}

  static long of(int format, int selector, int rd, int rs1, int rs2, int immediate) {
    return (long) immediate << IMMEDIATE_SHIFT
        | (long) rs2 << (RS2_SHIFT + 2)
        | (long) rs1 << (RS1_SHIFT + 2)
        | (long) rd << (RD_SHIFT + 2)
        | (long) format << FORMAT_SHIFT
        | selector;
  }

  static int format(long operation) {
    return (int) operation >>> FORMAT_SHIFT & FORMAT_MASK;
  }

  /** How many accesses an instruction makes at most. */
  static int accesses(long operation) {
    return switch (format(operation)) {
      case REGISTERS, LOAD, STORE -> 3;
      case IMMEDIATE, BRANCH, JUMP_REGISTER -> 2;
      case JUMP, CONSTANT -> 1;
      case CALL -> Machine.MOST_CALL_ACCESSES;
      default -> 0;
    };
  }

  /** How many entries of the log an instruction makes: accesses and ticks. */
  static int entries(long operation) {
    return switch (format(operation)) {
      case IMMEDIATE -> 3;
      case NOTHING -> 1;
      default -> accesses(operation);
    };
  }
}
