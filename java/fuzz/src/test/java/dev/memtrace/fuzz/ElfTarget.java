// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.AccessLog;
import dev.memtrace.rv32.ElfException;
import dev.memtrace.rv32.GuestException;
import dev.memtrace.rv32.Machine;
import dev.memtrace.rv32.Program;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The input is an ELF file, or the instructions of one, behind one byte that says which. What loads
 * is executed, in segments; another bit of that byte says whether the traces of the first are made
 * and checked.
 */
final class ElfTarget implements Target {
  private static final int INSTRUCTIONS = 1;
  private static final int TRACES = 2;

  private static final long MOST_INSTRUCTIONS = 600;
  private static final long SEGMENT_ACCESSES = 400;
  private static final int HEADER_BYTES = 52;
  private static final int PROGRAM_HEADER_BYTES = 32;
  private static final int TEXT = 0x1000;

  @Override
  public void run(byte[] input) {
    Choices choices = new Choices(input);
    int how = choices.next();
    boolean instructions = (how & INSTRUCTIONS) != 0;
    byte[] content = choices.rest();
    Program program;
    try {
      program = Program.parse(instructions ? file(content) : content, "fuzz");
    } catch (ElfException e) {
      Contract.refused(e, ElfException.class);
      return;
    }
    InputStream in = new ByteArrayInputStream(content);
    OutputStream out = OutputStream.nullOutputStream();
    try (Machine machine = new Machine(program, in, out, Segments.pool())) {
      execute(machine, (how & TRACES) != 0);
    }
  }

  private static void execute(Machine machine, boolean traces) {
    boolean check = traces;
    Machine.Stop stop = Machine.Stop.SEGMENT_FULL;
    while (stop == Machine.Stop.SEGMENT_FULL) {
      try {
        stop = machine.run(MOST_INSTRUCTIONS - machine.instructions(), SEGMENT_ACCESSES);
      } catch (GuestException e) {
        Contract.refused(e, GuestException.class);
        stop = Machine.Stop.EXITED;
      }
      AccessLog log = machine.takeLog();
      if (check) {
        check = false; // those of the first segment alone: each takes a table of 2^18 rows
        try (MemoryState begin = machine.initialState()) {
          Segments.check(
              MemoryMode.PERSISTENT, Program.CONFIG, log, memory -> memory.setInitialMemory(begin));
        }
      } else {
        log.release();
      }
    }
  }

  /** A file whose only segment is the given bytes. */
  private static byte[] file(byte[] text) {
    int begin = HEADER_BYTES + PROGRAM_HEADER_BYTES;
    ByteBuffer file = ByteBuffer.allocate(begin + text.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7F, 'E', 'L', 'F', 1, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) 243).putInt(1);
    file.putInt(TEXT).putInt(HEADER_BYTES).putInt(0).putInt(0);
    file.putShort((short) HEADER_BYTES).putShort((short) PROGRAM_HEADER_BYTES).putShort((short) 1);
    file.position(HEADER_BYTES);
    file.putInt(1).putInt(begin).putInt(TEXT).putInt(TEXT);
    file.putInt(text.length).putInt(text.length).putInt(7).putInt(4);
    file.put(text);
    return file.array();
  }

  @Override
  public List<byte[]> seeds() {
    byte[] code =
        Words.bytes(
            0x00500513, // addi a0, x0, 5
            0x00002137, // lui sp, 2
            0x00a12023, // sw a0, 0(sp)
            0x00012583, // lw a1, 0(sp)
            0x02b50533, // mul a0, a0, a1
            0xfe0518e3, // bne a0, x0, -16
            0x05d00893, // addi a7, x0, 93
            0x00000073); // ecall
    byte[] print =
        Words.bytes(
            0x04000893, // addi a7, x0, 64
            0x00100513, // addi a0, x0, 1
            0x000015b7, // lui a1, 1
            0x01000613, // addi a2, x0, 16
            0x00000073, // ecall
            0x03f00893, // addi a7, x0, 63
            0x00000513, // addi a0, x0, 0
            0x00000073, // ecall
            0x05d00893, // addi a7, x0, 93
            0x00000073); // ecall
    byte[] many = Words.bytes(Words.repeat(new int[] {0x00150513, 0x00a12023, 0x00c12583}, 330));
    return List.of(
        Words.join(new int[] {INSTRUCTIONS}, many),
        Words.join(new int[] {0}, file(code)),
        Words.join(new int[] {INSTRUCTIONS}, code),
        Words.join(new int[] {INSTRUCTIONS | TRACES}, code),
        Words.join(new int[] {INSTRUCTIONS | TRACES}, print));
  }
}
