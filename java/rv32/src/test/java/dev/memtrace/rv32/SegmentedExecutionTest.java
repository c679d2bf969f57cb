// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SegmentedExecutionTest {
  private static final byte[] ENDLESS = ElfFile.of(Instruction.JAL.word(0, 0, 0, 0));

  private static Guest demo() {
    return new Guest(Program.demo(), new byte[0]);
  }

  @Test
  void handsOverEverySegmentInOrder() {
    List<Long> sizes = Collections.synchronizedList(new ArrayList<>());
    try (Guest guest = demo()) {
      SegmentedExecution execution = new SegmentedExecution(guest.machine, 1_000_000, 100_000);
      execution.run(
          log -> {
            sizes.add(log.size());
            log.release();
          });
      assertThat(guest.machine.status()).isZero();
      assertThat(execution.segments()).isEqualTo(sizes.size()).isEqualTo(5);
      assertThat(sizes.stream().mapToLong(Long::longValue).sum())
          .isEqualTo(guest.machine.entries());
      assertThat(execution.nanos()).isPositive();
    }
  }

  /** The first segment's consumer waits until the second segment was executed. */
  @Test
  void executesWhileTheSegmentBeforeIsWorkedOn() throws InterruptedException {
    CountDownLatch printed = new CountDownLatch(1);
    boolean[] overlapped = new boolean[1];
    int[] words =
        Guest.words(
            Guest.load(5, 100),
            List.of(Instruction.ADDI.word(5, 5, 0, -1), Instruction.BNE.word(0, 5, 0, -4)),
            Guest.load(Guest.A7, 64),
            Guest.load(Guest.A0, 1),
            Guest.load(Guest.A2, 1),
            List.of(Instruction.ECALL.word(0, 0, 0, 0)),
            Guest.load(Guest.A7, 93),
            List.of(Instruction.ECALL.word(0, 0, 0, 0)));
    OutputStream output =
        new OutputStream() {
          @Override
          public void write(int b) {
            printed.countDown();
          }
        };
    try (Machine machine =
        new Machine(
            Program.parse(ElfFile.of(words), ""),
            InputStream.nullInputStream(),
            output,
            BufferPool.shared())) {
      boolean[] first = {true};
      new SegmentedExecution(machine, 1000, 380)
          .run(
              log -> {
                log.release();
                if (first[0]) {
                  first[0] = false;
                  overlapped[0] = await(printed);
                }
              });
      assertThat(overlapped[0]).isTrue();
    }
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Test
  void endsWithWhatTheConsumerThrows() {
    for (int failing = 0; failing < 5; failing++) {
      int[] left = {failing};
      List<AccessLog> logs = new ArrayList<>();
      try (Guest guest = demo()) {
        SegmentedExecution execution = new SegmentedExecution(guest.machine, 1_000_000, 100_000);
        assertThatThrownBy(
                () ->
                    execution.run(
                        log -> {
                          logs.add(log);
                          log.release();
                          if (left[0]-- == 0) {
                            throw new IllegalArgumentException("disk full");
                          }
                        }))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("disk full");
        assertThat(logs).hasSize(failing + 1);
      }
    }
  }

  /** Collects what a listener hears; fails when a log of that number ends. */
  private static final class Listener implements SegmentedExecution.LogListener {
    private final List<Long> entries = new ArrayList<>();
    private final List<Boolean> complete = new ArrayList<>();
    private final int failing;
    private long received;
    private int begun;

    private Listener(int failing) {
      this.failing = failing;
    }

    @Override
    public Consumer<LogSegment> begin() {
      begun++;
      received = 0;
      return segment -> received += segment.entries();
    }

    @Override
    public void end(AccessLog log, boolean whole) {
      assertThat(log.size()).isGreaterThanOrEqualTo(received);
      assertThat(log.size() - received).isEqualTo(log.segments().getLast().entries());
      entries.add(log.size());
      complete.add(whole);
      if (entries.size() == failing) {
        throw new IllegalArgumentException("disk full");
      }
    }
  }

  @Test
  void aListenerHearsEveryLogBeforeItIsHandedOver() {
    List<Long> sizes = Collections.synchronizedList(new ArrayList<>());
    Listener listener = new Listener(0);
    try (Guest guest = demo()) {
      new SegmentedExecution(guest.machine, 1_000_000, 100_000, listener)
          .run(
              log -> {
                sizes.add(log.size());
                log.release();
              });
    }
    assertThat(listener.begun).isEqualTo(5);
    assertThat(listener.entries).isEqualTo(sizes);
    assertThat(listener.complete).doesNotContain(false);
  }

  @Test
  void aListenerHearsOfTheLogOfAProgramThatFails() {
    Listener listener = new Listener(0);
    try (Guest guest = new Guest(ENDLESS, "")) {
      SegmentedExecution execution = new SegmentedExecution(guest.machine, 450, 100, listener);
      assertThatThrownBy(() -> execution.run(AccessLog::release))
          .isInstanceOf(GuestException.class);
    }
    assertThat(listener.entries).containsExactly(200L, 200L, 50L);
    assertThat(listener.complete).containsExactly(true, true, false);
  }

  @Test
  void endsWithWhatTheListenerThrows() {
    Listener listener = new Listener(2);
    try (Guest guest = demo()) {
      SegmentedExecution execution =
          new SegmentedExecution(guest.machine, 1_000_000, 100_000, listener);
      assertThatThrownBy(() -> execution.run(AccessLog::release))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("disk full");
    }
    assertThat(listener.begun).isEqualTo(2);
  }

  @Test
  void refusesAProgramThatDoesNotEnd() {
    for (long limit : new long[] {1, 1999, 2000, 2001, 100_000}) {
      try (Guest guest = new Guest(ENDLESS, "")) {
        SegmentedExecution execution = new SegmentedExecution(guest.machine, limit, 1000);
        assertThatThrownBy(() -> execution.run(AccessLog::release))
            .isInstanceOf(GuestException.class)
            .hasMessage(
                "the program did not end within the limit of %d instructions; raise it or look for an endless loop (pc 0x00001000)"
                    .formatted(limit));
        assertThat(guest.machine.instructions()).isEqualTo(limit);
      }
    }
  }

  @Test
  void aProgramMayTakeExactlyItsLimit() {
    long needed;
    try (Guest guest = demo()) {
      guest.machine.run(Integer.MAX_VALUE, Integer.MAX_VALUE);
      needed = guest.machine.instructions();
    }
    try (Guest guest = demo()) {
      new SegmentedExecution(guest.machine, needed, 100_000).run(AccessLog::release);
      assertThat(guest.machine.status()).isZero();
    }
    try (Guest guest = demo()) {
      SegmentedExecution execution = new SegmentedExecution(guest.machine, needed - 1, 100_000);
      assertThatThrownBy(() -> execution.run(AccessLog::release))
          .isInstanceOf(GuestException.class);
    }
  }

  @Test
  void whatWasPrintedComesOutBeforeAFault() {
    int[] words =
        Guest.words(
            Guest.load(Guest.A7, 64),
            Guest.load(Guest.A0, 1),
            Guest.load(Guest.A1, ElfFile.TEXT),
            Guest.load(Guest.A2, 3),
            List.of(Instruction.ECALL.word(0, 0, 0, 0), 0));
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (Machine machine =
        new Machine(
            Program.parse(ElfFile.of(words), ""),
            InputStream.nullInputStream(),
            new BufferedOutputStream(printed),
            BufferPool.shared())) {
      assertThatThrownBy(() -> new SegmentedExecution(machine, 100, 1000).run(AccessLog::release))
          .isInstanceOf(GuestException.class)
          .hasMessageContaining("illegal instruction 0x00000000");
      assertThat(printed.size()).isEqualTo(3);
    }
  }

  @Test
  void refusesLimitsThatAreTooSmall() {
    try (Guest guest = demo()) {
      assertThatThrownBy(() -> new SegmentedExecution(guest.machine, 0, 1000))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the least are 1 and 100");
      assertThatThrownBy(() -> new SegmentedExecution(guest.machine, 1, 99))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aThreadThatCannotBeStartedEndsTheExecution() {
    BufferPool pool = new BufferPool(0);
    List<AccessLog> logs = new ArrayList<>();
    Program program = Program.demo();
    for (boolean possible : new boolean[] {false, true}) {
      try (Machine machine =
          new Machine(
              program, InputStream.nullInputStream(), OutputStream.nullOutputStream(), pool)) {
        SegmentedExecution execution =
            new SegmentedExecution(
                machine,
                1_000_000,
                100_000,
                null,
                task -> {
                  if (!possible) {
                    throw new OutOfMemoryError("unable to create native thread: test");
                  }
                  return new Thread(task);
                });
        Consumer<AccessLog> consumer =
            log -> {
              logs.add(log);
              log.release();
            };
        if (possible) {
          execution.run(consumer);
        } else {
          assertThatThrownBy(() -> execution.run(consumer))
              .isInstanceOf(OutOfMemoryError.class)
              .hasMessageContaining("native thread");
          assertThat(logs).isEmpty();
        }
      }
      assertThat(pool.lentBytes()).isZero();
    }
    assertThat(logs).hasSize(5);
  }
}
