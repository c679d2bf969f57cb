// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.MemoryLogEntry;
import dev.memtrace.offheap.BufferPool;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LogShapeTest {
  private static final BufferPool POOL = new BufferPool(1 << 24);

  /** Entries as records, whose equality is that of their content. */
  private static List<String> entries(LogShape shape, long entries, long seed) {
    AccessLog log = shape.generate(entries, seed, POOL);
    List<String> list = new ArrayList<>();
    for (long i = 0; i < log.size(); i++) {
      list.add(
          switch (log.get(i)) {
            case MemoryLogEntry.Read read -> read.toString();
            case MemoryLogEntry.IncrementTimestampBy increment -> increment.toString();
            case MemoryLogEntry.Write write ->
                "write %d %d %s"
                    .formatted(
                        write.addressSpace(),
                        write.pointer(),
                        java.util.Arrays.toString(write.data()));
          });
    }
    log.release();
    return list;
  }

  @ParameterizedTest
  @EnumSource
  void hasExactlyTheLengthThatWasAskedFor(LogShape shape) {
    for (int length : new int[] {0, 1, 2, 31, 1000, 70_000}) {
      AccessLog log = shape.generate(length, 1, POOL);
      assertThat(log.size()).isEqualTo(length);
      assertThat(log.endTimestamp()).isEqualTo(length + 1L);
      log.release();
    }
  }

  @ParameterizedTest
  @EnumSource
  void isTheSameForTheSameSeedOnly(LogShape shape) {
    assertThat(entries(shape, 3000, 7)).isEqualTo(entries(shape, 3000, 7));
    assertThat(entries(shape, 3000, 7)).isNotEqualTo(entries(shape, 3000, 8));
  }

  @ParameterizedTest
  @EnumSource
  void touchesMoreMemoryInALongerLog(LogShape shape) {
    double growth = (double) chunks(shape, 64_000).size() / chunks(shape, 16_000).size();
    assertThat(growth).isBetween(2.0, 4.5);
  }

  private static Set<List<Integer>> chunks(LogShape shape, int length) {
    AccessLog log = shape.generate(length, 1, POOL);
    Set<List<Integer>> chunks = new HashSet<>();
    for (long i = 0; i < length; i++) {
      switch (log.get(i)) {
        case MemoryLogEntry.Read read ->
            chunks.add(List.of(read.addressSpace(), read.pointer() / MemoryConfig.CHUNK));
        case MemoryLogEntry.Write write ->
            chunks.add(List.of(write.addressSpace(), write.pointer() / MemoryConfig.CHUNK));
        case MemoryLogEntry.IncrementTimestampBy _ -> {}
      }
    }
    log.release();
    return chunks;
  }

  @Test
  void sparseChunksShareNoPage() {
    Set<List<Integer>> chunks = chunks(LogShape.SPARSE_CHUNKS, 64_000);
    Set<List<Integer>> pages = new HashSet<>();
    int perPage = MemoryConfig.PAGE_SIZE / MemoryConfig.CHUNK;
    chunks.forEach(chunk -> pages.add(List.of(chunk.get(0), chunk.get(1) / perPage)));
    assertThat(chunks).hasSize(1000);
    assertThat(pages).hasSize(1000);
  }

  @Test
  void theMixHasAllSizesAtAllAlignments() {
    AccessLog log = LogShape.UNALIGNED_MIX.generate(60_000, 1, POOL);
    Set<List<Integer>> kinds = new HashSet<>();
    for (long i = 0; i < log.size(); i++) {
      if (log.get(i) instanceof MemoryLogEntry.Read read) {
        kinds.add(List.of(read.len(), read.pointer() % read.len()));
      }
    }
    log.release();
    assertThat(kinds).hasSize(1 + 2 + 4 + 8 + 16 + 32);
  }

  @Test
  void mostAccessesOfAProgramGoToRegisters() {
    AccessLog log = LogShape.RISCV_REGISTERS.generate(140_000, 1, POOL);
    int memory = 0;
    for (long i = 0; i < log.size(); i++) {
      if (log.get(i) instanceof MemoryLogEntry.Read read && read.addressSpace() == 2) {
        memory++;
      }
    }
    log.release();
    assertThat(memory).isBetween(9_000, 13_000);
  }

  @ParameterizedTest
  @EnumSource
  void isFoundByItsLabel(LogShape shape) {
    assertThat(LogShape.of(shape.label())).isEqualTo(shape);
  }

  @Test
  void refusesAnUnknownLabel() {
    assertThatThrownBy(() -> LogShape.of("zigzag"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "there is no log of shape 'zigzag'; there are riscv-registers, streaming,"
                + " random-4-cell, unaligned-mix, sparse-chunks");
  }

  @Test
  void refusesALengthBeyondTheClock() {
    assertThatThrownBy(() -> LogShape.STREAMING.generate(1L << 29, 1, POOL))
        .hasMessage("a log of 536870912 entries was asked for; it must have 0 to 536870911");
    assertThatThrownBy(() -> LogShape.STREAMING.generate(-1, 1, POOL))
        .hasMessage("a log of -1 entries was asked for; it must have 0 to 536870911");
  }
}
