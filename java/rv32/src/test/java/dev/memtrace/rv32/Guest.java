// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A machine with what goes in and what comes out. */
final class Guest implements AutoCloseable {
  static final int A0 = 10;
  static final int A1 = 11;
  static final int A2 = 12;
  static final int A7 = 17;

  final ByteArrayOutputStream output = new ByteArrayOutputStream();
  final Machine machine;

  Guest(byte[] elf, String input) {
    this(Program.parse(elf, "test.elf"), input.getBytes(StandardCharsets.UTF_8));
  }

  Guest(Program program, byte[] input) {
    machine = new Machine(program, new ByteArrayInputStream(input), output, BufferPool.shared());
  }

  /** A guest of these instructions. */
  static Guest of(int... words) {
    return new Guest(ElfFile.of(words), "");
  }

  /** Executes so many instructions in one segment. */
  Guest step(long instructions) {
    machine.run(instructions, Integer.MAX_VALUE);
    return this;
  }

  String printed() {
    return output.toString(StandardCharsets.UTF_8);
  }

  /** The log so far as text, as the reference has it. */
  List<String> log() {
    AccessLog log = machine.takeLog();
    List<String> lines = new ArrayList<>();
    log.forEach(entry -> lines.add(line(entry)));
    log.release();
    return lines;
  }

  private static String line(MemoryLogEntry entry) {
    return switch (entry) {
      case MemoryLogEntry.IncrementTimestampBy tick -> "T " + tick.amount();
      case MemoryLogEntry.Read read ->
          "R %d %d".formatted(read.addressSpace(), read.pointer())
              + (read.len() == 4 ? "" : " length " + read.len());
      case MemoryLogEntry.Write write -> {
        StringBuilder text =
            new StringBuilder("W %d %d".formatted(write.addressSpace(), write.pointer()));
        for (int value : write.data()) {
          text.append(' ').append(value);
        }
        yield text.toString();
      }
    };
  }

  /** Loads a word into a register, in two instructions. */
  static List<Integer> load(int rd, int value) {
    int low = value << 20 >> 20;
    return List.of(
        Instruction.LUI.word(rd, 0, 0, value - low), Instruction.ADDI.word(rd, rd, 0, low));
  }

  @SafeVarargs
  static int[] words(List<Integer>... parts) {
    List<Integer> words = new ArrayList<>();
    for (List<Integer> part : parts) {
      words.addAll(part);
    }
    return words.stream().mapToInt(Integer::intValue).toArray();
  }

  @Override
  public void close() {
    machine.close();
  }
}
