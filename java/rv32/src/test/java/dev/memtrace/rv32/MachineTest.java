// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static dev.memtrace.rv32.Guest.A0;
import static dev.memtrace.rv32.Guest.A1;
import static dev.memtrace.rv32.Guest.A2;
import static dev.memtrace.rv32.Guest.A7;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What instructions log, calls, and the limits of a segment. */
class MachineTest {
  private static final int DATA = 0x20000;
  private static final int ECALL = Instruction.ECALL.word(0, 0, 0, 0);
  private static final int ENDLESS = Instruction.JAL.word(0, 0, 0, 0);

  /** Sets up and makes a call, and ends with what the call returned as the status. */
  private static byte[] call(int number, int a0, int a1, int a2, int... data) {
    int[] words =
        Guest.words(
            Guest.load(A7, number),
            Guest.load(A0, a0),
            Guest.load(A1, a1),
            Guest.load(A2, a2),
            List.of(ECALL),
            Guest.load(A7, 93),
            List.of(ECALL));
    return new ElfFile().text(ElfFile.TEXT, words).data(DATA, 4096, data).bytes();
  }

  private static Guest ended(Guest guest) {
    assertThat(guest.machine.run(Integer.MAX_VALUE, Integer.MAX_VALUE))
        .isEqualTo(Machine.Stop.EXITED);
    return guest;
  }

  // ------------------------------------------------------------------ log

  @Test
  void logsWhatEachFormatAccesses() {
    int[] words =
        Guest.words(
            List.of(
                Instruction.LUI.word(5, 0, 0, DATA),
                Instruction.ADDI.word(6, 5, 0, 1),
                Instruction.SB.word(0, 6, 5, 2),
                Instruction.SW.word(0, 5, 6, 4),
                Instruction.LHU.word(7, 5, 0, 6),
                Instruction.LW.word(0, 5, 0, 0),
                Instruction.ADD.word(8, 6, 7, 0),
                Instruction.ADD.word(0, 6, 7, 0),
                Instruction.BEQ.word(0, 5, 6, 8),
                Instruction.JAL.word(1, 0, 0, 4),
                Instruction.JAL.word(0, 0, 0, 4),
                Instruction.JALR.word(0, 1, 0, 8),
                Instruction.FENCE.word(0, 0, 0, 255)));
    try (Guest guest =
        new Guest(
            new ElfFile().text(ElfFile.TEXT, words).data(DATA, 16, 0x04030201, 5).bytes(), "")) {
      assertThat(guest.step(words.length).log())
          .containsExactly(
              "W 1 20 0 0 2 0",
              "R 1 20",
              "T 1",
              "W 1 24 1 0 2 0",
              // the byte at 3 of the word
              "R 1 24",
              "R 1 20",
              "W 2 131072 1 2 3 0",
              "R 1 20",
              "R 1 24",
              "W 2 131076 1 0 2 0",
              "R 1 20",
              "R 2 131076",
              "W 1 28 2 0 0 0",
              "R 1 20",
              "R 2 131072",
              "T 1",
              "R 1 24",
              "R 1 28",
              "W 1 32 3 0 2 0",
              "T 1",
              "R 1 20",
              "R 1 24",
              "W 1 4 40 16 0 0",
              "T 1",
              "R 1 4",
              "T 1",
              "T 1");
      assertThat(guest.machine.entries()).isEqualTo(27);
      assertThat(guest.machine.accesses()).isEqualTo(21);
    }
  }

  @Test
  void anInstructionThatIsOverwrittenIsExecutedAsItWas() {
    int[] words =
        Guest.words(
            Guest.load(5, ElfFile.TEXT + 12),
            List.of(Instruction.SW.word(0, 5, 0, 0), Instruction.ADDI.word(6, 0, 0, 9)));
    try (Guest guest = Guest.of(words).step(words.length)) {
      assertThat(guest.machine.peekRegister(6)).isEqualTo(9);
      assertThat(guest.machine.peekWord(ElfFile.TEXT + 12)).isZero();
    }
  }

  // ------------------------------------------------------------------ calls

  @Test
  void printsBytes() {
    byte[] elf = call(64, 1, DATA + 3, 6, 0x61000000, 0x65646362, 0xFFFFFF66);
    try (Guest guest = ended(new Guest(elf, ""))) {
      assertThat(guest.printed()).isEqualTo("abcdef");
      assertThat(guest.machine.status()).isEqualTo(6);
      assertThat(guest.log())
          .containsSequence(
              "R 1 68",
              "R 1 40",
              "R 1 44",
              "R 1 48",
              "R 2 131072",
              "R 2 131076",
              "R 2 131080",
              "W 1 40 6 0 0 0");
    }
  }

  @Test
  void readsInput() {
    byte[] elf = call(63, 0, DATA + 2, 5, 0x11223344, 0x55667788, 0x99AABBCC);
    try (Guest guest = ended(new Guest(elf, "abcdefg"))) {
      assertThat(guest.machine.status()).isEqualTo(5);
      assertThat(guest.machine.peekWord(DATA)).isEqualTo(0x62613344);
      assertThat(guest.machine.peekWord(DATA + 4)).isEqualTo(0x55656463);
      assertThat(guest.machine.peekWord(DATA + 8)).isEqualTo(0x99AABBCC);
      assertThat(guest.log())
          .contains("W 2 131072 68 51 97 98", "W 2 131076 99 100 101 85", "W 1 40 5 0 0 0");
    }
  }

  @Test
  void readsNothingAtTheEndOfTheInput() {
    try (Guest guest = ended(new Guest(call(63, 0, DATA, 5, 7), ""))) {
      assertThat(guest.machine.status()).isZero();
      assertThat(guest.machine.peekWord(DATA)).isEqualTo(7);
    }
    try (Guest guest = ended(new Guest(call(63, 0, DATA, 5, 7), "xy"))) {
      assertThat(guest.machine.status()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 255, 256, 257, 4000})
  void movesAtMost256BytesACall(int wanted) {
    int moved = Math.min(wanted, 256);
    try (Guest guest = ended(new Guest(call(64, 1, DATA, wanted, 0x30303030), ""))) {
      assertThat(guest.machine.status()).isEqualTo(moved);
      assertThat(guest.output.size()).isEqualTo(moved);
    }
    try (Guest guest = ended(new Guest(call(63, 0, DATA, wanted), "z".repeat(5000)))) {
      assertThat(guest.machine.status()).isEqualTo(moved);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "64, 2, 0, 1, 'print with 2 in a0; it takes 1'",
    "63, 1, 0, 1, 'read with 1 in a0; it takes 0'",
    "64, 1, 536870911, 2, 'print of 2 bytes at 0x1fffffff, which is outside of memory'",
    "63, 0, -1, -1, 'read of 4294967295 bytes at 0xffffffff, which is outside of memory'",
    "0, 0, 0, 0, 'ecall with 0 in a7; there are 63 (read), 64 (print) and 93 (exit)'",
    "-1, 0, 0, 0, 'ecall with -1 in a7'",
  })
  void refusesBadCalls(int number, int a0, int a1, int a2, String message) {
    try (Guest guest = new Guest(call(number, a0, a1, a2), "abc")) {
      assertThatThrownBy(() -> ended(guest))
          .isInstanceOf(GuestException.class)
          .hasMessageContaining(message)
          .hasMessageEndingWith("(pc 0x00001020)");
    }
  }

  @Test
  void saysThatInputOrOutputFailed() throws IOException {
    InputStream broken = InputStream.nullInputStream();
    broken.close();
    OutputStream full = OutputStream.nullOutputStream();
    full.close();
    for (byte[] elf : List.of(call(63, 0, DATA, 4), call(64, 1, DATA, 4))) {
      Program program = Program.parse(elf, "");
      try (Machine machine = new Machine(program, broken, full, BufferPool.shared())) {
        assertThatThrownBy(() -> machine.run(100, 1000)).isInstanceOf(UncheckedIOException.class);
      }
    }
  }

  // ------------------------------------------------------------------ limits

  private static long accesses(AccessLog log) {
    long accesses = 0;
    for (MemoryLogEntry entry : log) {
      accesses += entry instanceof MemoryLogEntry.IncrementTimestampBy ? 0 : 1;
    }
    return accesses;
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 101, 102, 103, 1000, 4096, 100_000})
  void aSegmentHasAtMostSoManyAccesses(int limit) {
    List<String> all = new ArrayList<>();
    try (Guest whole = ended(new Guest(Program.demo(), new byte[0]));
        Guest guest = new Guest(Program.demo(), new byte[0])) {
      List<String> expected = whole.log();
      Machine.Stop stop;
      long sum = 0;
      do {
        stop = guest.machine.run(Integer.MAX_VALUE, limit);
        AccessLog log = guest.machine.takeLog();
        long accesses = accesses(log);
        assertThat(accesses).isLessThanOrEqualTo(limit);
        if (stop == Machine.Stop.SEGMENT_FULL) {
          // Only a call, which might need the most accesses, ends one earlier.
          assertThat(accesses).isGreaterThan(limit - Machine.MOST_CALL_ACCESSES);
        }
        assertThat(log.endTimestamp()).isEqualTo(log.size() + 1);
        sum += accesses;
        if (limit == 1000) {
          log.forEach(entry -> all.add(entry.toString()));
        }
        log.release();
      } while (stop != Machine.Stop.EXITED);
      assertThat(sum).isEqualTo(whole.machine.accesses()).isEqualTo(guest.machine.accesses());
      assertThat(guest.machine.entries()).isEqualTo(expected.size());
      assertThat(guest.machine.instructions()).isEqualTo(whole.machine.instructions());
      assertThat(guest.printed()).isEqualTo(whole.printed());
    }
  }

  @Test
  void aLoopWithoutAccessesFillsSegmentsToo() {
    try (Guest guest = Guest.of(ENDLESS)) {
      assertThat(guest.machine.run(1_000_000, 1000)).isEqualTo(Machine.Stop.SEGMENT_FULL);
      assertThat(guest.machine.entries()).isEqualTo(2000);
      assertThat(guest.machine.accesses()).isZero();
      assertThat(guest.log()).hasSize(2000);
      assertThat(guest.machine.run(10, 1000)).isEqualTo(Machine.Stop.INSTRUCTIONS);
      assertThat(guest.machine.instructions()).isEqualTo(2010);
    }
  }

  @Test
  void executesExactlySoManyInstructions() {
    try (Guest guest = Guest.of(ENDLESS)) {
      for (int n : new int[] {0, 1, 2, 100_000}) {
        long before = guest.machine.instructions();
        assertThat(guest.machine.run(n, Integer.MAX_VALUE)).isEqualTo(Machine.Stop.INSTRUCTIONS);
        assertThat(guest.machine.instructions()).isEqualTo(before + n);
      }
    }
  }

  @Test
  void refusesMisuse() {
    try (Guest guest = Guest.of(ENDLESS)) {
      assertThatThrownBy(() -> guest.machine.run(1, 99))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the least is 100");
      assertThatThrownBy(guest.machine::status)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("has not ended");
      for (int address : new int[] {1, 2, -4, 1 << 29}) {
        assertThatThrownBy(() -> guest.machine.peekWord(address))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("there is no word at");
      }
    }
    try (Guest guest = ended(new Guest(call(93, 3, 0, 0), ""))) {
      assertThat(guest.machine.status()).isEqualTo(3);
      assertThatThrownBy(() -> guest.machine.run(1, 1000))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("has ended");
      guest.machine.close();
    }
  }
}
