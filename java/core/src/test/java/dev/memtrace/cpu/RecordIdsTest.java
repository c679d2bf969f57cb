// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LateLogs;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records of the last entries that a log can have. */
class RecordIdsTest {
  private static final int ENTRIES = 1000;
  private static final long FIRST = AccessLog.MAX_ENTRIES - ENTRIES;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void idsUpToTheLast(int threads) {
    BufferPool pool = new BufferPool(1 << 24);
    AccessLog log = new AccessLog(MemoryConfig.defaults().withAccessCapacity(0), pool);
    for (int i = 0; i < ENTRIES; i++) {
      // Misaligned, in several spaces: with adapter rows of several lanes.
      log.appendWrite(1 + i % 3, 2 * (i % 100), 4, new int[] {i, 0, 0, 0}, 0);
    }
    try (CpuBackend backend = new CpuBackend(new BackendOptions(threads), pool);
        TraceSession session =
            backend.open(MemoryMode.VOLATILE, new AddressMap(log.config(), pool))) {
      session.appendSegment(LateLogs.move(log.segments().getFirst(), FIRST, pool));
      session.finalizeMemory(null);

      long last = AccessLog.MAX_ENTRIES - 1;
      assertThat(session.record(last).recordId()).isEqualTo(last);
      assertThat(session.record(last).timestamp()).isEqualTo(ENTRIES);
      assertThat(session.record(FIRST).data()[0]).isZero();
      assertThat(session.record(last).data()[0]).isEqualTo(ENTRIES - 1);
      assertThatThrownBy(() -> session.record(AccessLog.MAX_ENTRIES))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessageContaining("4294967295");

      List<Long> ids = new ArrayList<>();
      session.records().forEachChunk(chunk -> addIds(chunk, ids));
      assertThat(ids).hasSize(ENTRIES).first().isEqualTo(FIRST);
      assertThat(ids).last().isEqualTo(last);
    }
  }

  private static void addIds(MemorySegment records, List<Long> ids) {
    long at = 0;
    while (at < records.byteSize()) {
      ids.add(Integer.toUnsignedLong(records.get(IntBuffer64.WORD, at)));
      // The word after the id is the timestamp, whatever the id.
      assertThat(records.get(IntBuffer64.WORD, at + 4)).isEqualTo(ids.size());
      at += 4 * (4 + 2 * 4);
    }
  }
}
