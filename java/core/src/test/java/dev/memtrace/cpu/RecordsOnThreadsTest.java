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
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.workload.LogShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Threads write the records of several log segments at a time; who reads them sees log order. */
class RecordsOnThreadsTest {
  private static final MemoryConfig CONFIG = MemoryConfig.defaults();

  private final BufferPool pool = new BufferPool(0);
  private final AccessLog log = LogShape.RISCV_REGISTERS.generate(700_000, 1, pool);

  private void withSession(int threads, Consumer<TraceSession> use) {
    try (CpuBackend backend = new CpuBackend(new BackendOptions(threads), pool);
        TraceSession session = backend.open(MemoryMode.VOLATILE, new AddressMap(CONFIG, pool))) {
      log.segments().forEach(session::appendSegment);
      session.finalizeMemory(null);
      use.accept(session);
    }
  }

  private List<int[]> chunks(int threads) {
    List<int[]> chunks = new ArrayList<>();
    withSession(
        threads,
        session ->
            session.records().forEachChunk(c -> chunks.add(c.toArray(ValueLayout.JAVA_INT))));
    return chunks;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 16})
  void theOrderIsThatOfTheLog(int threads) {
    List<int[]> chunks = chunks(threads);
    assertThat(chunks).hasSize(log.segments().size()).hasSizeGreaterThan(10);
    assertThat(chunks).usingElementComparator(Arrays::compare).isEqualTo(chunks(1));
    for (int i = 0; i < chunks.size(); i++) {
      LogSegment segment = log.segments().get(i);
      assertThat(chunks.get(i)).hasSize(Math.toIntExact(segment.recordWords()));
      assertThat((long) chunks.get(i)[0])
          .isBetween(segment.firstEntry(), segment.firstEntry() + segment.entries() - 1);
    }
  }

  @Test
  void aReaderThatFailsLeavesNothing() {
    withSession(
        3,
        session -> {
          long before = pool.lentBytes();
          List<MemorySegment> seen = new ArrayList<>();
          assertThatThrownBy(
                  () ->
                      session
                          .records()
                          .forEachChunk(
                              chunk -> {
                                seen.add(chunk);
                                if (seen.size() == 5) {
                                  throw new IllegalStateException("enough");
                                }
                              }))
              .hasMessage("enough");
          assertThat(seen).hasSize(5);
          assertThat(pool.lentBytes()).isEqualTo(before);
        });
  }
}
