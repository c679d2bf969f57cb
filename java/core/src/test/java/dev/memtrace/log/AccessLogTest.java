// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.offheap.BufferPool;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessLogTest {
  private static final int P = 2013265921;
  private static final MemoryConfig CONFIG = MemoryConfig.defaults().withAccessCapacity(0);

  /** Entries of a segment of the smallest kind. */
  private static final int SEGMENT = 1024;

  private static MemoryLogEntry entry(Random random) {
    int n = 1 << random.nextInt(6);
    return switch (random.nextInt(4)) {
      case 0 -> new MemoryLogEntry.Read(1 + random.nextInt(8), random.nextInt(1 << 28), n);
      case 1 -> new MemoryLogEntry.Read(0, random.nextInt(P), 1);
      case 2 -> new MemoryLogEntry.IncrementTimestampBy(random.nextInt(1000));
      default -> {
        int[] data = random.ints(n, 0, P).toArray();
        yield new MemoryLogEntry.Write(1 + random.nextInt(8), random.nextInt(1 << 28), data);
      }
    };
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1024, 3000, 1 << 16, Long.MAX_VALUE})
  void entriesComeBackAsTheyWere(long capacity) {
    Random random = new Random(capacity);
    AccessLog log = new AccessLog(CONFIG.withAccessCapacity(capacity), new BufferPool(0));
    List<MemoryLogEntry> want = new ArrayList<>();
    long timestamp = 1;
    for (int i = 0; i < 10_000; i++) {
      MemoryLogEntry made = entry(random);
      assertThat(log.append(made)).isEqualTo(i);
      want.add(made);
      timestamp += made instanceof MemoryLogEntry.IncrementTimestampBy(int amount) ? amount : 1;
      if (i % 1111 == 0) { // reading must not disturb the writer
        assertThat(log.get(i)).isEqualTo(made);
        assertThat(log.get(i / 2)).isEqualTo(want.get(i / 2));
      }
    }
    assertThat(log.size()).isEqualTo(10_000);
    assertThat(log.endTimestamp()).isEqualTo(timestamp);
    assertThat(log).containsExactlyElementsOf(want);
    assertThat(log.readOnlyView()).containsExactlyElementsOf(want);
    for (int i = 0; i < want.size(); i += 37) {
      assertThat(log.get(i)).isEqualTo(want.get(i));
    }
    log.release();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void theClockStopsExactlyAtItsLimit(long seed) {
    Random random = new Random(seed);
    MemoryConfig config = MemoryConfig.defaults().withClkMaxBits(13).withAccessCapacity(0);
    AccessLog log = new AccessLog(config, new BufferPool(0));
    int[] values = random.ints(32, 0, P).toArray();
    int sizes = 1 + random.nextInt(6);
    int most = 1 << random.nextInt(8);
    long clock = 1;
    long accepted = 0;
    for (int refused = 0; refused < 50; ) {
      int kind = random.nextInt(8);
      int n = 1 << random.nextInt(sizes);
      long amount = kind == 0 ? random.nextInt(most) : 1;
      boolean legal = clock + amount < config.timestampLimit();
      try {
        long id =
            switch (kind) {
              case 0 -> log.appendIncrement(amount);
              case 1, 2, 3 -> log.appendWrite(1, 32 * random.nextInt(100), n, values, 0);
              default -> log.appendRead(1, 32 * random.nextInt(100), n);
            };
        assertThat(legal).as("seed %d, clock %d + %d", seed, clock, amount).isTrue();
        assertThat(id).isEqualTo(accepted++);
        clock += amount;
      } catch (AccessRejectedException e) {
        assertThat(legal).as("seed %d, clock %d + %d: %s", seed, clock, amount, e).isFalse();
        refused++;
      }
      assertThat(log.endTimestamp()).as("seed %d", seed).isEqualTo(clock);
    }
    assertThat(clock).isEqualTo(config.timestampLimit() - 1);
    assertThat(log.size()).isEqualTo(accepted);
    log.release();
  }

  @Test
  void aStageOfReadsOrWritesOf4IsRefusedOnlyForLackOfRoom() {
    AccessLog log = new AccessLog(CONFIG, new BufferPool(0));
    long refused = 0;
    for (int i = 0; i < 5000; i++) {
      int pointer = 4 * i;
      boolean write = i % 3 == 0;
      boolean staged =
          write
              ? log.stageWriteOf4(1, pointer, i, i + 1, i + 2, P - 1)
              : log.stageReadOf4(1, pointer);
      long id;
      if (staged) {
        id = log.size() - 1;
      } else {
        refused++;
        id =
            write
                ? log.appendWrite(1, pointer, 4, new int[] {i, i + 1, i + 2, P - 1}, 0)
                : log.appendRead(1, pointer, 4);
      }
      assertThat(id).isEqualTo(i);
    }
    assertThat(refused).isEqualTo(4); // once a stage of 1024
    assertThat(log.stageWriteOf4(1, 0, 0, 0, 0, P)).isFalse();
    assertThat(log.stageWriteOf4(1, 0, -1, 0, 0, 0)).isFalse();
    assertThat(log.get(3)).isEqualTo(new MemoryLogEntry.Write(1, 12, new int[] {3, 4, 5, P - 1}));
    assertThat(log.get(4)).isEqualTo(new MemoryLogEntry.Read(1, 16, 4));
    log.seal();
    assertThat(log.stageReadOf4(1, 0)).isFalse();
    log.release();
    AccessLog small = new AccessLog(CONFIG.withMaxAccessAdapterN(2), new BufferPool(0));
    assertThat(small.stageReadOf4(1, 0)).isFalse();
    small.release();
  }

  @Test
  void segmentsAddUp() {
    Random random = new Random(5);
    AccessLog log = new AccessLog(CONFIG);
    List<MemoryLogEntry> want = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      want.add(entry(random));
      log.append(want.getLast());
    }
    long first = 0;
    long timestamp = 1;
    for (LogSegment segment : log.segments()) {
      assertThat(segment.firstEntry()).isEqualTo(first);
      assertThat(segment.firstTimestamp()).isEqualTo((int) timestamp);
      int accesses = 0;
      long recordWords = 0;
      int valueWords = 0;
      for (int i = 0; i < segment.entries(); i++) {
        assertThat(segment.valueOffset(i)).isEqualTo(valueWords);
        assertThat(segment.recordOffset(i)).isEqualTo((int) recordWords);
        switch (want.get((int) first + i)) {
          case MemoryLogEntry.IncrementTimestampBy(int amount) -> timestamp += amount;
          case MemoryLogEntry.Read(int space, int pointer, int n) -> {
            assertThat(LogHeader.addressSpace(segment.header(i))).isEqualTo(space);
            assertThat(LogHeader.pointer(segment.header(i))).isEqualTo(pointer);
            recordWords += 4 + n;
            timestamp++;
            accesses++;
          }
          case MemoryLogEntry.Write write -> {
            int n = write.data().length;
            assertThat(segment.value(valueWords)).isEqualTo(write.data()[0]);
            recordWords += 4 + 2 * n;
            valueWords += n;
            timestamp++;
            accesses++;
          }
        }
      }
      assertThat(segment.accesses()).isEqualTo(accesses);
      assertThat(segment.recordWords()).isEqualTo(recordWords);
      assertThat(segment.valueWords()).isEqualTo(valueWords);
      first += segment.entries();
    }
    assertThat(first).isEqualTo(5000);
    assertThat(log.segments().size()).isGreaterThan(2);
    assertThat(log.segmentIndex(4999)).isEqualTo(log.segments().size() - 1);
    assertThat(log.segmentOf(0)).isSameAs(log.segments().getFirst());
  }

  @Test
  void fullSegmentsGoToTheSinkInOrder() {
    AccessLog log = new AccessLog(CONFIG);
    List<Long> early = new ArrayList<>();
    List<Long> late = new ArrayList<>();
    log.setSegmentSink(segment -> early.add(segment.firstEntry() + segment.entries()));
    for (int i = 0; i < 2500; i++) {
      log.appendRead(1, i, 1);
    }
    log.setSegmentSink(segment -> late.add(segment.firstEntry() + segment.entries()));
    for (int i = 0; i < 2500; i++) {
      log.appendIncrement(0);
    }
    log.setSegmentSink(null);
    for (int i = 0; i < 2500; i++) {
      log.appendRead(0, 5, 1);
    }
    assertThat(early).containsExactly(1024L, 2048L);
    assertThat(late).containsExactly(1024L, 2048L, 3072L, 4096L);
  }

  /** Large writes fill the values of a segment before its headers. */
  @Test
  void aSegmentEndsWhenItsValuesAreFull() {
    AccessLog log = new AccessLog(CONFIG, new BufferPool(0));
    int[] data = new int[32];
    for (int i = 0; i < 3000; i++) {
      Arrays.fill(data, i);
      log.appendWrite(1, i, 32, data, 0);
    }
    for (int i = 0; i < 3000; i++) {
      assertThat(((MemoryLogEntry.Write) log.get(i)).data()).hasSize(32).containsOnly(i);
    }
  }

  @Test
  void headersHoldTheLargestNumbers() {
    for (boolean write : new boolean[] {false, true}) {
      for (int logSize = 0; logSize <= 5; logSize++) {
        long header = LogHeader.access(write, 1 << 28, (1 << 29) - 1, logSize);
        assertThat(LogHeader.addressSpace(header)).isEqualTo(1 << 28);
        assertThat(LogHeader.pointer(header)).isEqualTo((1 << 29) - 1);
        assertThat(LogHeader.logSize(header)).isEqualTo(logSize);
        assertThat(LogHeader.size(header)).isEqualTo(1 << logSize);
        assertThat(LogHeader.isWrite(header)).isEqualTo(write);
        assertThat(LogHeader.isIncrement(header)).isFalse();
        assertThat(LogHeader.valueWords(header)).isEqualTo(write ? 1 << logSize : 0);
        assertThat(LogHeader.recordWords(header)).isEqualTo(4 + ((write ? 2 : 1) << logSize));
      }
    }
    long immediate = LogHeader.access(false, 0, P - 1, 0);
    assertThat(LogHeader.pointer(immediate)).isEqualTo(P - 1);
    assertThat(LogHeader.isIncrement(immediate)).isFalse();
    assertThat(LogHeader.recordWords(immediate)).isEqualTo(5);
    long increment = LogHeader.increment((1 << 29) - 2);
    assertThat(LogHeader.pointer(increment)).isEqualTo((1 << 29) - 2);
    assertThat(LogHeader.isIncrement(increment)).isTrue();
    assertThat(LogHeader.isWrite(increment)).isFalse();
    assertThat(LogHeader.recordWords(increment)).isZero();
    assertThat(LogHeader.valueWords(increment)).isZero();
  }

  @Test
  void aRefusedEntryLeavesTheLog() {
    AccessLog log = new AccessLog(CONFIG);
    log.appendWrite(1, 0, 2, new int[] {1, 2}, 0);
    assertThatThrownBy(() -> log.appendWrite(1, 0, 2, new int[] {3, P}, 0))
        .isInstanceOf(AccessRejectedException.class);
    assertThatThrownBy(() -> log.appendRead(1, 0, 64)).isInstanceOf(AccessRejectedException.class);
    assertThatThrownBy(() -> log.appendRead(Integer.MIN_VALUE, 0, 1))
        .isInstanceOf(AccessRejectedException.class);
    assertThatThrownBy(() -> log.appendIncrement(1L << 29))
        .isInstanceOf(AccessRejectedException.class);
    assertThatThrownBy(() -> log.appendWrite(1, 0, 2, new int[2], 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    log.appendWrite(1, 4, 1, new int[] {7}, 0);
    assertThat(log)
        .containsExactly(
            new MemoryLogEntry.Write(1, 0, new int[] {1, 2}),
            new MemoryLogEntry.Write(1, 4, new int[] {7}));
    assertThat(log.endTimestamp()).isEqualTo(3);
    assertThat(log.segments().getFirst().recordWords()).isEqualTo(8 + 6);
  }

  /** No test can hold 2^32 entries: the log is told that it has nearly as many. */
  @Test
  void theLastEntryHasTheLastId() throws ReflectiveOperationException {
    BufferPool pool = new BufferPool(0);
    AccessLog log = new AccessLog(CONFIG, pool);
    long before = AccessLog.MAX_ENTRIES - 2500;
    Field position = AccessLog.class.getDeclaredField("stageFirst");
    position.setAccessible(true);
    position.setLong(log, before);
    int segments = 2500 / SEGMENT;
    for (int i = 0; i < SEGMENT * segments; i++) {
      assertThat(log.appendRead(1, i, 1)).isEqualTo(before + i);
    }
    // Another segment could reach the limit, so it is not begun.
    int entries = SEGMENT * segments;
    long size = before + entries;
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> log.appendRead(1, 0, 1))
          .isInstanceOf(AccessRejectedException.class)
          .hasMessageContainingAll(size + " entries", "limit is 4294967295", "end the segment");
      assertThatThrownBy(() -> log.appendWrite(1, 0, 4, new int[4], 0))
          .isInstanceOf(AccessRejectedException.class);
      assertThatThrownBy(() -> log.appendIncrement(1)).isInstanceOf(AccessRejectedException.class);
    }
    assertThat(log.size()).isEqualTo(size);
    assertThat(log.endTimestamp()).isEqualTo(1 + entries);
    assertThat(log.segments()).hasSize(segments);
    assertThat(log.segments().getLast().firstEntry()).isEqualTo(size - SEGMENT);
    log.release();
  }

  @Test
  void theClockCanBeLimitedFurther() {
    AccessLog log = new AccessLog(CONFIG);
    log.limitTimestamp(4);
    log.appendRead(1, 0, 1);
    log.appendRead(1, 0, 1);
    assertThatThrownBy(() -> log.appendRead(1, 0, 1)).isInstanceOf(AccessRejectedException.class);
    log.limitTimestamp(Long.MAX_VALUE); // back to the configuration's
    log.appendIncrement((1 << 29) - 4);
    assertThat(log.endTimestamp()).isEqualTo((1L << 29) - 1);
    assertThatThrownBy(() -> log.appendIncrement(1)).isInstanceOf(AccessRejectedException.class);
  }

  @Test
  void thereIsNoEntryBehindTheLast() {
    AccessLog log = new AccessLog(CONFIG);
    assertThat(log.iterator().hasNext()).isFalse();
    log.appendRead(1, 0, 1);
    assertThatThrownBy(() -> log.get(1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> log.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    Iterator<MemoryLogEntry> entries = log.iterator();
    entries.next();
    assertThatThrownBy(entries::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void aReleasedLogCannotBeUsed() {
    BufferPool pool = new BufferPool(1 << 20);
    AccessLog log = new AccessLog(CONFIG, pool);
    log.appendWrite(1, 0, 1, new int[] {6}, 0);
    MemoryLog view = log.readOnlyView();
    log.release();
    long retained = pool.retainedBytes();
    assertThat(retained).isPositive();
    log.release();
    assertThat(pool.retainedBytes()).isEqualTo(retained);
    assertThatThrownBy(() -> log.get(0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> view.get(0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> log.appendRead(1, 0, 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> log.appendIncrement(1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void entriesAndRecordsAreEqualByContent() {
    assertThat(new MemoryLogEntry.Write(1, 2, new int[] {3}))
        .isEqualTo(new MemoryLogEntry.Write(1, 2, new int[] {3}))
        .hasSameHashCodeAs(new MemoryLogEntry.Write(1, 2, new int[] {3}))
        .isNotEqualTo(new MemoryLogEntry.Write(1, 2, new int[] {4}))
        .isNotEqualTo(new MemoryLogEntry.Write(1, 3, new int[] {3}))
        .isNotEqualTo(new MemoryLogEntry.Read(1, 2, 1))
        .hasToString("Write[addressSpace=1, pointer=2, data=[3]]");
    MemoryRecord made = new MemoryRecord(0, 1, 2, 3, 0, new int[] {4}, new int[] {5});
    assertThat(made)
        .isEqualTo(new MemoryRecord(0, 1, 2, 3, 0, new int[] {4}, new int[] {5}))
        .hasSameHashCodeAs(new MemoryRecord(0, 1, 2, 3, 0, new int[] {4}, new int[] {5}))
        .isNotEqualTo(new MemoryRecord(0, 1, 2, 3, 0, new int[] {4}, null))
        .isNotEqualTo(new MemoryRecord(0, 1, 2, 3, 0, new int[] {4}, new int[] {6}));
    assertThat(made.toString()).contains("data=[4]", "prevData=[5]");
  }

  @Test
  void readingTheLogAllTheTimeChangesNothing() {
    AccessLog log = new AccessLog(MemoryConfig.defaults().withAccessCapacity(1024));
    int[] values = new int[32];
    for (int i = 0; i < 3000; i++) {
      values[0] = i;
      log.appendWrite(1, 32 * i, 32, values, 0);
      assertThat(log.get(i)).isEqualTo(new MemoryLogEntry.Write(1, 32 * i, values.clone()));
    }
    assertThat(log.size()).isEqualTo(3000);
    for (int i = 0; i < 3000; i++) {
      values[0] = i;
      assertThat(log.get(i)).isEqualTo(new MemoryLogEntry.Write(1, 32 * i, values));
    }
  }

  @Test
  void theLastEntryCanBeTakenBackAtOnce() {
    AccessLog log = new AccessLog(MemoryConfig.defaults().withAccessCapacity(1024));
    log.appendRead(1, 0, 4);
    log.appendIncrement(5);
    log.retractLast();
    log.appendWrite(1, 8, 8, new int[8], 0);
    assertThat(log.get(1)).isInstanceOf(MemoryLogEntry.Write.class); // not staged any more
    log.retractLast();
    log.appendIncrement(9);
    assertThat(log.get(1)).isEqualTo(new MemoryLogEntry.IncrementTimestampBy(9));
    log.retractLast();
    assertThat(log.size()).isEqualTo(1);
    assertThat(log.endTimestamp()).isEqualTo(2);
    assertThat(log.segments().getFirst().valueWords()).isZero();
    assertThat(log.segments().getFirst().recordWords()).isEqualTo(8);
    assertThat(log.segments().getFirst().accesses()).isEqualTo(1);
  }

  @Test
  void aSealedOrClaimedLogIsRefused() {
    AccessLog log = new AccessLog(MemoryConfig.defaults().withAccessCapacity(1024));
    log.claim();
    assertThatThrownBy(log::claim).isInstanceOf(IllegalStateException.class);
    log.disclaim();
    log.claim();
    log.seal();
    assertThatThrownBy(() -> log.appendRead(1, 0, 4)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> log.appendWrite(1, 0, 1, new int[1], 0))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> log.appendIncrement(0)).isInstanceOf(IllegalStateException.class);
    assertThat(log.size()).isZero();
  }
}
