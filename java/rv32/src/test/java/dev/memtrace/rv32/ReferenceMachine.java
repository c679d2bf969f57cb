// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * A slow interpreter that is written from the RISC-V manual and shares nothing with the machine:
 * registers in an array, memory in another one, the log as text.
 */
final class ReferenceMachine {
  private static final BigInteger TWO_32 = BigInteger.ONE.shiftLeft(32);

  final int[] registers = new int[32];
  final byte[] memory;
  final List<String> log = new ArrayList<>();
  int pc;
  boolean exited;
  long instructions;

  ReferenceMachine(int memoryBytes, int entry) {
    memory = new byte[memoryBytes];
    pc = entry;
  }

  /** Executes one instruction; the only call is that which ends the program. */
  void step() {
    int word = load(pc, 4);
    Instruction instruction = Instruction.of(word).orElseThrow();
    int rd = word >> 7 & 31;
    int rs1 = word >> 15 & 31;
    int rs2 = word >> 20 & 31;
    int immediate = instruction.immediate(word);
    int next = pc + 4;
    switch (instruction) {
      case LUI -> onlyWrite(rd, immediate);
      case AUIPC -> onlyWrite(rd, pc + immediate);
      case JAL -> {
        write(rd, pc + 4);
        next = pc + immediate;
      }
      case JALR -> {
        next = (read(rs1) + immediate) & ~1;
        write(rd, pc + 4);
      }
      case BEQ, BNE, BLT, BGE, BLTU, BGEU -> {
        int a = read(rs1);
        int b = read(rs2);
        if (taken(instruction, a, b)) {
          next = pc + immediate;
        }
      }
      case LB, LH, LW, LBU, LHU -> {
        int address = read(rs1) + immediate;
        logWord("R 2", address & ~3, false);
        int value =
            switch (instruction) {
              case LB -> (byte) load(address, 1);
              case LH -> (short) load(address, 2);
              case LBU -> load(address, 1);
              case LHU -> load(address, 2);
              default -> load(address, 4);
            };
        write(rd, value);
      }
      case SB, SH, SW -> {
        int address = read(rs1) + immediate;
        int value = read(rs2);
        int bytes = instruction == Instruction.SB ? 1 : instruction == Instruction.SH ? 2 : 4;
        for (int i = 0; i < bytes; i++) {
          memory[address + i] = (byte) (value >> (8 * i));
        }
        logWord("W 2", address & ~3, true);
      }
      case FENCE -> log.add("T 1");
      case ECALL -> {
        if (read(17) != 93) {
          throw new IllegalStateException("call " + registers[17]);
        }
        read(10);
        exited = true;
      }
      case EBREAK -> throw new IllegalStateException("ebreak");
      default -> {
        if (rd == 0) {
          log.add("T 1");
        } else {
          int a = read(rs1);
          int b;
          if (instruction.kind == Instruction.Kind.R) {
            b = read(rs2);
          } else {
            log.add("T 1");
            b = immediate;
          }
          write(rd, result(instruction, a, b));
        }
      }
    }
    pc = next;
    instructions++;
  }

  static boolean taken(Instruction instruction, int a, int b) {
    return switch (instruction) {
      case BEQ -> a == b;
      case BNE -> a != b;
      case BLT -> a < b;
      case BGE -> a >= b;
      case BLTU -> unsigned(a).compareTo(unsigned(b)) < 0;
      case BGEU -> unsigned(a).compareTo(unsigned(b)) >= 0;
      default -> throw new IllegalArgumentException(instruction.name());
    };
  }

  static int result(Instruction instruction, int a, int b) {
    BigInteger signedA = BigInteger.valueOf(a);
    BigInteger signedB = BigInteger.valueOf(b);
    BigInteger unsignedA = unsigned(a);
    BigInteger unsignedB = unsigned(b);
    BigInteger power = BigInteger.TWO.pow(b & 31);
    BigInteger result =
        switch (instruction) {
          case ADD, ADDI -> signedA.add(signedB);
          case SUB -> signedA.subtract(signedB);
          case SLL, SLLI -> signedA.multiply(power);
          case SLT, SLTI -> bit(signedA.compareTo(signedB) < 0);
          case SLTU, SLTIU -> bit(unsignedA.compareTo(unsignedB) < 0);
          case XOR, XORI -> signedA.xor(signedB);
          case SRL, SRLI -> unsignedA.divide(power);
          case SRA, SRAI -> signedA.shiftRight(b & 31);
          case OR, ORI -> signedA.or(signedB);
          case AND, ANDI -> signedA.and(signedB);
          case MUL -> signedA.multiply(signedB);
          case MULH -> signedA.multiply(signedB).shiftRight(32);
          case MULHSU -> signedA.multiply(unsignedB).shiftRight(32);
          case MULHU -> unsignedA.multiply(unsignedB).shiftRight(32);
          case DIV -> b == 0 ? BigInteger.valueOf(-1) : signedA.divide(signedB);
          case DIVU -> b == 0 ? BigInteger.valueOf(-1) : unsignedA.divide(unsignedB);
          case REM -> b == 0 ? signedA : signedA.remainder(signedB);
          case REMU -> b == 0 ? unsignedA : unsignedA.remainder(unsignedB);
          default -> throw new IllegalArgumentException(instruction.name());
        };
    return result.intValue();
  }

  private static BigInteger bit(boolean set) {
    return set ? BigInteger.ONE : BigInteger.ZERO;
  }

  private static BigInteger unsigned(int word) {
    return BigInteger.valueOf(word).mod(TWO_32);
  }

  int load(int address, int bytes) {
    int value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (memory[address + i] & 0xFF);
    }
    return value;
  }

  private int read(int register) {
    log.add("R 1 " + 4 * register);
    return registers[register];
  }

  private void onlyWrite(int rd, int value) {
    write(rd, value);
  }

  private void write(int rd, int value) {
    if (rd == 0) {
      log.add("T 1");
      return;
    }
    registers[rd] = value;
    log.add("W 1 " + 4 * rd + cells(value));
  }

  private void logWord(String what, int address, boolean withCells) {
    log.add(what + " " + address + (withCells ? cells(load(address, 4)) : ""));
  }

  private static String cells(int word) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 4; i++) {
      text.append(' ').append(word >> (8 * i) & 0xFF);
    }
    return text.toString();
  }
}
