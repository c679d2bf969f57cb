// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static dev.memtrace.rv32.GuestMemory.MEMORY;
import static dev.memtrace.rv32.GuestMemory.REGISTERS;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/**
 * Executes a program and logs its accesses to registers and memory as OpenVM does.
 *
 * <p>Registers lie in address space 1, register r in the 4 cells from 4 r; memory lies in address
 * space 2, a byte a cell. Every access has 4 aligned cells and takes one tick of the clock.
 * Operands that are no access take a tick as well: an immediate operand in the place of its read,
 * rd = x0 in the place of the write, which x0 never gets. What an instruction logs, in order:
 *
 * <pre>
 * register, multiply  read rs1, read rs2, write rd
 * immediate           read rs1, tick, write rd
 * load                read rs1, read the aligned word, write rd or tick
 * store               read rs1, read rs2, write the aligned word
 * branch              read rs1, read rs2
 * jal                 write rd or tick
 * jalr                read rs1, write rd or tick
 * lui, auipc          write rd
 * fence               tick, as any of register, multiply, immediate, lui and auipc with rd = x0
 * ecall               read a7, then what the call reads and writes
 * </pre>
 *
 * <p>Calls, with their number in a7: 93 ends the program with the status in a0. 64 prints a2 bytes
 * from address a1 on, a0 being 1; 63 reads up to a2 bytes of input to address a1, a0 being 0. Both
 * read a0, a1 and a2, move at most {@value #MOST_CALL_BYTES} bytes, read or write each word that
 * holds one, and write to a0 how many they moved, 0 at the end of the input. These are the numbers
 * of Linux, of which a program calls again for the rest.
 *
 * <p>All registers begin with 0. Not thread-safe.
 */
public final class Machine implements AutoCloseable {
  /** Why {@link #run} returned. */
  public enum Stop {
    /** The program has ended; {@link #status} is known. */
    EXITED,
    /** The next instruction would not fit in the log; {@link #takeLog} makes room. */
    SEGMENT_FULL,
    /** So many instructions were executed as was asked for. */
    INSTRUCTIONS
  }

  /** The most bytes that one call moves, so that it fits in every segment. */
  public static final int MOST_CALL_BYTES = 256;

  /** The most accesses of a call: a7, a0, a1, a2, all words, a0. */
  static final int MOST_CALL_ACCESSES = 5 + MOST_CALL_BYTES / 4 + 1;

  /** The fewest accesses that a segment may be limited to. */
  public static final long LEAST_SEGMENT_ACCESSES = 100;

  private static final int CALL_READ = 63;
  private static final int CALL_PRINT = 64;
  private static final int CALL_EXIT = 93;
  private static final int STANDARD_INPUT = 0;
  private static final int STANDARD_OUTPUT = 1;
  private static final int A0 = 10;
  private static final int A1 = 11;
  private static final int A2 = 12;
  private static final int A7 = 17;

  /** Instructions between two looks at the limits. */
  private static final int SLICE = 1 << 14;

  private static final int WORD_MASK = -4;

  /** Log entries for an access, at the most: a loop of jumps has many ticks and no access. */
  private static final long ENTRIES_PER_ACCESS = 2;

  private final long[] code;
  private final int base;
  private final InputStream input;
  private final OutputStream output;
  private final BufferPool pool;
  private final AddressMap initial;
  private final GuestMemory memory;
  private final byte[] buffer = new byte[MOST_CALL_BYTES];
  private int pc;

  /** The instruction before the one at {@link #pc}, for messages. */
  private int last;

  private long instructions;
  private long accesses;
  private long entries;
  private boolean exited;
  private boolean failed;
  private int status;

  /**
   * Loads a program.
   *
   * @param program the program
   * @param input what it may read; not closed
   * @param output receives what it prints; not closed
   * @param pool where memory and log come from
   */
  public Machine(Program program, InputStream input, OutputStream output, BufferPool pool) {
    this.code = program.code();
    this.base = program.base();
    this.pc = program.entry();
    this.last = pc;
    this.input = input;
    this.output = output;
    this.pool = pool;
    this.initial = program.initialMemory(pool);
    this.memory = new GuestMemory(initial, pool);
  }

  /**
   * Copies memory as it was before the first instruction: where the first segment begins.
   *
   * @return a state, owned by the caller
   */
  public MemoryState initialState() {
    return MemoryState.copyOf(initial, Program.CONFIG, pool);
  }

  /**
   * Executes until the program ends or a limit is reached. Ends between two instructions.
   *
   * @param maxInstructions how many instructions to execute at most
   * @param maxAccesses how many accesses the log may have at most, counted from its begin, at least
   *     {@link #LEAST_SEGMENT_ACCESSES}; it may have twice as many entries
   * @return why it ended
   * @throws GuestException if the program did something that it may not do; it cannot go on
   * @throws UncheckedIOException if input or output failed; the program cannot go on
   */
  public Stop run(long maxInstructions, long maxAccesses) {
    if (exited || failed) {
      throw new IllegalStateException("the program has ended; make another machine");
    }
    if (maxAccesses < LEAST_SEGMENT_ACCESSES) {
      throw new IllegalArgumentException(
          "a segment of "
              + maxAccesses
              + " accesses is too short; the least is "
              + LEAST_SEGMENT_ACCESSES);
    }
    failed = true;
    Stop stop = runTo(Math.addExact(instructions, maxInstructions), maxAccesses);
    failed = false;
    return stop;
  }

  private Stop runTo(long lastInstruction, long maxAccesses) {
    long maxEntries =
        Math.min(ENTRIES_PER_ACCESS * maxAccesses, Program.CONFIG.timestampLimit() - 2);
    while (!exited) {
      long left = lastInstruction - instructions;
      if (left == 0) {
        return Stop.INSTRUCTIONS;
      }
      long accessRoom = maxAccesses - memory.accesses();
      long entryRoom = maxEntries - memory.entries();
      long operation = code[index()];
      boolean fits =
          Operation.accesses(operation) <= accessRoom && Operation.entries(operation) <= entryRoom;
      if (!fits) {
        return Stop.SEGMENT_FULL;
      }
      if (Operation.format(operation) == Operation.CALL) {
        call();
        instructions++;
      } else {
        long slice = Math.min(accessRoom, entryRoom) / Operation.MOST_ENTRIES;
        execute(Math.clamp(Math.min(slice, left), 1, SLICE));
      }
    }
    return Stop.EXITED;
  }

  /** Index of the operation at the program counter. */
  private int index() {
    int index = (pc - base) >>> 2;
    if (index >= code.length) {
      throw outside(last, pc);
    }
    return index;
  }

  /** Executes up to so many instructions, the first of which is no call, until a call is next. */
  private void execute(int most) {
    GuestMemory cells = memory;
    long[] operations = code;
    int first = base;
    int at = pc;
    int before = last;
    int done = 0;
    loop:
    while (done < most) {
      int index = (at - first) >>> 2;
      if (index >= operations.length) {
        throw outside(before, at);
      }
      long operation = operations[index];
      int fields = (int) operation;
      int selector = fields & Operation.SELECTOR_MASK;
      int immediate = (int) (operation >>> Operation.IMMEDIATE_SHIFT);
      int rd = fields >>> Operation.RD_SHIFT & Operation.REGISTER_MASK;
      int rs1 = fields >>> Operation.RS1_SHIFT & Operation.REGISTER_MASK;
      int rs2 = fields >>> Operation.RS2_SHIFT & Operation.REGISTER_MASK;
      int next = at + 4;
      switch (fields >>> Operation.FORMAT_SHIFT & Operation.FORMAT_MASK) {
        case Operation.REGISTERS -> {
          int a = cells.read(REGISTERS, rs1);
          int b = cells.read(REGISTERS, rs2);
          cells.write(REGISTERS, rd, compute(selector, a, b));
        }
        case Operation.IMMEDIATE -> {
          int a = cells.read(REGISTERS, rs1);
          cells.tick();
          cells.write(REGISTERS, rd, compute(selector, a, immediate));
        }
        case Operation.LOAD -> {
          int address = cells.read(REGISTERS, rs1) + immediate;
          check(selector, address, at, "load");
          int word = cells.read(MEMORY, address & WORD_MASK);
          setRegister(cells, rd, extract(selector, word, address));
        }
        case Operation.STORE -> {
          int address = cells.read(REGISTERS, rs1) + immediate;
          int value = cells.read(REGISTERS, rs2);
          check(selector, address, at, "store");
          int aligned = address & WORD_MASK;
          cells.write(
              MEMORY,
              aligned,
              selector == Operation.WORD
                  ? value
                  : merge(selector, cells.peek(MEMORY, aligned), value, address));
        }
        case Operation.BRANCH -> {
          int a = cells.read(REGISTERS, rs1);
          int b = cells.read(REGISTERS, rs2);
          if (branches(selector, a, b)) {
            next = at + immediate;
            checkTarget(next, at);
          }
        }
        case Operation.JUMP -> {
          setRegister(cells, rd, next);
          next = at + immediate;
          checkTarget(next, at);
        }
        case Operation.JUMP_REGISTER -> {
          int target = (cells.read(REGISTERS, rs1) + immediate) & -2;
          setRegister(cells, rd, next);
          next = target;
          checkTarget(next, at);
        }
        case Operation.CONSTANT -> cells.write(REGISTERS, rd, immediate);
        case Operation.NOTHING -> cells.tick();
        case Operation.CALL -> {
          break loop;
        }
        case Operation.BREAK -> throw new GuestException("ebreak, and there is no debugger", at);
        default ->
            throw new GuestException("illegal instruction " + GuestException.hex(immediate), at);
      }
      before = at;
      at = next;
      done++;
    }
    pc = at;
    last = before;
    instructions += done;
  }

  private static void setRegister(GuestMemory cells, int rd, int value) {
    if (rd == 0) {
      cells.tick();
    } else {
      cells.write(REGISTERS, rd, value);
    }
  }

  private static int compute(int selector, int a, int b) {
    return switch (selector) {
      case Operation.ADD -> a + b;
      case Operation.SUB -> a - b;
      case Operation.SLL -> a << b;
      case Operation.SLT -> a < b ? 1 : 0;
      case Operation.SLTU -> Integer.compareUnsigned(a, b) < 0 ? 1 : 0;
      case Operation.XOR -> a ^ b;
      case Operation.SRL -> a >>> b;
      case Operation.SRA -> a >> b;
      case Operation.OR -> a | b;
      case Operation.AND -> a & b;
      case Operation.MUL -> a * b;
      default -> multiplyHighOrDivide(selector, a, b);
    };
  }

  private static int multiplyHighOrDivide(int selector, int a, int b) {
    return switch (selector) {
      case Operation.MULH -> (int) (((long) a * b) >> 32);
      case Operation.MULHSU -> (int) ((a * Integer.toUnsignedLong(b)) >> 32);
      case Operation.MULHU ->
          (int) ((Integer.toUnsignedLong(a) * Integer.toUnsignedLong(b)) >>> 32);
      // Java's overflow is that of RISC-V: the quotient is the dividend, the remainder 0.
      case Operation.DIV -> b == 0 ? -1 : a / b;
      case Operation.DIVU -> b == 0 ? -1 : Integer.divideUnsigned(a, b);
      case Operation.REM -> b == 0 ? a : a % b;
      default -> b == 0 ? a : Integer.remainderUnsigned(a, b);
    };
  }

  private static boolean branches(int selector, int a, int b) {
    return switch (selector) {
      case Operation.BEQ -> a == b;
      case Operation.BNE -> a != b;
      case Operation.BLT -> a < b;
      case Operation.BGE -> a >= b;
      case Operation.BLTU -> Integer.compareUnsigned(a, b) < 0;
      default -> Integer.compareUnsigned(a, b) >= 0;
    };
  }

  /** The part of an aligned word that a load is for. */
  private static int extract(int selector, int word, int address) {
    int shifted = word >>> (address << 3);
    return switch (selector) {
      case Operation.WORD -> word;
      case Operation.BYTE -> (byte) shifted;
      case Operation.HALF -> (short) shifted;
      case Operation.BYTE_UNSIGNED -> shifted & 0xFF;
      default -> shifted & 0xFFFF;
    };
  }

  /** An aligned word with the part replaced that a store is for. */
  private static int merge(int selector, int word, int value, int address) {
    int shift = address << 3;
    int mask = (selector == Operation.BYTE ? 0xFF : 0xFFFF) << shift;
    return (word & ~mask) | (value << shift & mask);
  }

  /** Checks the address of a load or a store. */
  private static void check(int selector, int address, int at, String what) {
    int low = (1 << (selector & 3)) - 1;
    if ((address & low) != 0 || address >>> Program.POINTER_BITS != 0) {
      throw badAddress(what, low + 1, address, at);
    }
  }

  private static GuestException badAddress(String what, int bytes, int address, int at) {
    String access = "%s of %d bytes at %s".formatted(what, bytes, GuestException.hex(address));
    return address >>> Program.POINTER_BITS != 0
        ? new GuestException(
            "%s, which is outside of memory: it has 0x%x bytes"
                .formatted(access, Program.CONFIG.addressSpaceSize()),
            at)
        : new GuestException(access + ", which is not a multiple of " + bytes, at);
  }

  private static void checkTarget(int target, int at) {
    if ((target & 3) != 0) {
      throw new GuestException(
          "jump to " + GuestException.hex(target) + ", which is not a multiple of 4", at);
    }
  }

  private GuestException outside(int from, int to) {
    return new GuestException(
        "jump out of the program to %s; its instructions lie from %s to %s"
            .formatted(
                GuestException.hex(to),
                GuestException.hex(base),
                GuestException.hex(base + 4 * code.length - 4)),
        from);
  }

  // ------------------------------------------------------------------ calls

  private int register(int number) {
    return memory.read(REGISTERS, 4 * number);
  }

  private void call() {
    int number = register(A7);
    switch (number) {
      case CALL_EXIT -> {
        status = register(A0);
        exited = true;
        flush();
      }
      case CALL_PRINT -> print(register(A0), register(A1), register(A2));
      case CALL_READ -> read(register(A0), register(A1), register(A2));
      default ->
          throw new GuestException(
              "ecall with %d in a7; there are %d (read), %d (print) and %d (exit)"
                  .formatted(number, CALL_READ, CALL_PRINT, CALL_EXIT),
              pc);
    }
    last = pc;
    pc += 4;
  }

  private void print(int file, int address, int wanted) {
    int count = count("print", STANDARD_OUTPUT, file, address, wanted);
    int word = 0;
    for (int i = 0; i < count; i++) {
      int at = address + i;
      if (i == 0 || (at & 3) == 0) {
        word = memory.read(MEMORY, at & WORD_MASK);
      }
      buffer[i] = (byte) (word >>> (at << 3));
    }
    memory.write(REGISTERS, 4 * A0, count);
    try {
      output.write(buffer, 0, count);
    } catch (IOException e) {
      throw new UncheckedIOException("the output of the program cannot be written", e);
    }
  }

  private void read(int file, int address, int wanted) {
    int limit = count("read", STANDARD_INPUT, file, address, wanted);
    int count;
    try {
      count = input.readNBytes(buffer, 0, limit);
    } catch (IOException e) {
      throw new UncheckedIOException("the input of the program cannot be read", e);
    }
    for (int i = 0; i < count; ) {
      int aligned = (address + i) & WORD_MASK;
      int word = memory.peek(MEMORY, aligned);
      for (; i < count && ((address + i) & WORD_MASK) == aligned; i++) {
        word = merge(Operation.BYTE, word, buffer[i], address + i);
      }
      memory.write(MEMORY, aligned, word);
    }
    memory.write(REGISTERS, 4 * A0, count);
  }

  /** How many bytes a call moves. */
  private int count(String what, int expected, int file, int address, int wanted) {
    if (file != expected) {
      throw new GuestException("%s with %d in a0; it takes %d".formatted(what, file, expected), pc);
    }
    long end = Integer.toUnsignedLong(address) + Integer.toUnsignedLong(wanted);
    if (end > Program.CONFIG.addressSpaceSize()) {
      throw new GuestException(
          "%s of %s bytes at %s, which is outside of memory: it has 0x%x bytes"
              .formatted(
                  what,
                  Integer.toUnsignedString(wanted),
                  GuestException.hex(address),
                  Program.CONFIG.addressSpaceSize()),
          pc);
    }
    return Math.min(wanted, MOST_CALL_BYTES);
  }

  /** Hands on what the program has printed so far. */
  void flush() {
    try {
      output.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("the output of the program cannot be written", e);
    }
  }

  // ------------------------------------------------------------------ state

  /**
   * Says who receives each part of the current log when it is full, on the thread that executes.
   * Holds until {@link #takeLog}. What it throws ends the execution: the program cannot go on.
   *
   * @param sink the receiver
   */
  public void setSegmentSink(Consumer<LogSegment> sink) {
    memory.setSegmentSink(sink);
  }

  /**
   * Takes the log since the last call, and begins the next segment.
   *
   * @return the log, owned by the caller
   */
  public AccessLog takeLog() {
    long newAccesses = memory.accesses();
    long newEntries = memory.entries();
    AccessLog log = memory.takeLog();
    accesses += newAccesses;
    entries += newEntries;
    return log;
  }

  /**
   * Returns how many instructions were executed.
   *
   * @return instructions
   */
  public long instructions() {
    return instructions;
  }

  /**
   * Returns how many reads and writes were made.
   *
   * @return accesses of all logs
   */
  public long accesses() {
    return accesses + memory.accesses();
  }

  /**
   * Returns how many entries the logs have, ticks included.
   *
   * @return entries of all logs
   */
  public long entries() {
    return entries + memory.entries();
  }

  /**
   * Returns the program counter.
   *
   * @return address of the next instruction, unsigned
   */
  public int pc() {
    return pc;
  }

  /**
   * Returns the status with which the program has ended.
   *
   * @return a0 of the call exit
   * @throws IllegalStateException if it has not ended
   */
  public int status() {
    if (!exited) {
      throw new IllegalStateException("the program has not ended and has no status");
    }
    return status;
  }

  /**
   * Returns a register, without an access.
   *
   * @param number 0 to 31
   * @return its value
   */
  public int peekRegister(int number) {
    return memory.peek(REGISTERS, 4 * (number & 31));
  }

  /**
   * Returns a word of memory, without an access.
   *
   * @param address a multiple of 4 below 2^29
   * @return its value
   * @throws IllegalArgumentException if there is no such word
   */
  public int peekWord(int address) {
    if ((address & 3) != 0 || address >>> Program.POINTER_BITS != 0) {
      throw new IllegalArgumentException(
          "there is no word at "
              + GuestException.hex(address)
              + "; addresses are multiples of 4 below 2^"
              + Program.POINTER_BITS);
    }
    return memory.peek(MEMORY, address);
  }

  /** Gives the memory back. Logs that were taken stay. Closing twice has no effect. */
  @Override
  public void close() {
    failed = true;
    memory.release();
    initial.release();
  }
}
