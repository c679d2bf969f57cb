// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Shapes of logs that can be made at any length. A log is the same whenever shape, length and seed
 * are; it begins on zero memory of the default configuration in persistent mode. Memory that a log
 * touches grows with its length, so that longer logs do not become easier.
 */
public enum LogShape {
  /**
   * What a RISC-V program does: reads and writes of 4 cells, nearly all to 32 registers, and every
   * sixteenth or so to memory, most of them to the word after the last one.
   */
  RISCV_REGISTERS("riscv-registers", "registers of a RISC-V program, one access in 14 to memory"),

  /** Copies of one buffer to another, word by word, 16 times over. */
  STREAMING("streaming", "a buffer copied to another in words of 4 cells, 16 times"),

  /** Aligned accesses of 4 cells at random places, as many reads as writes. */
  RANDOM_4_CELL("random-4-cell", "aligned accesses of 4 cells to random places"),

  /**
   * Accesses of 1 to 32 cells at any alignment to shared cells, so that nearly every one splits and
   * merges blocks: the worst case for the adapters.
   */
  UNALIGNED_MIX(
      "unaligned-mix",
      "accesses of 1 to 32 cells at any alignment to shared cells: the worst case"),

  /**
   * Chunks of 8 cells that are far apart, each on a page of its own and accessed 64 times: the
   * worst case for pages and memory tree.
   */
  SPARSE_CHUNKS("sparse-chunks", "chunks of 8 cells on pages of their own, 64 accesses each");

  private final String label;
  private final String description;

  LogShape(String label, String description) {
    this.label = label;
    this.description = description;
  }

  /**
   * Returns the name in commands and reports.
   *
   * @return lower case, words joined by hyphens
   */
  public String label() {
    return label;
  }

  /**
   * Says what the accesses are.
   *
   * @return a phrase
   */
  public String description() {
    return description;
  }

  /**
   * Finds a shape.
   *
   * @param label its name
   * @return the shape
   * @throws IllegalArgumentException naming all shapes if there is none of that name
   */
  public static LogShape of(String label) {
    for (LogShape shape : values()) {
      if (shape.label.equals(label)) {
        return shape;
      }
    }
    throw new IllegalArgumentException(
        "there is no log of shape '"
            + label
            + "'; there are "
            + String.join(", ", Arrays.stream(values()).map(LogShape::label).toList()));
  }

  /**
   * Makes a log.
   *
   * @param entries its length, 0 to {@link AccessLog#MAX_ENTRIES}; each advances the clock by at
   *     least one, so what the clock of {@link MemoryConfig#defaults()} allows is less
   * @param seed any number
   * @param pool where memory of the log comes from
   * @return a log of exactly that length, owned by the caller
   * @throws IllegalArgumentException if the length is negative or beyond the clock
   */
  public AccessLog generate(long entries, long seed, BufferPool pool) {
    MemoryConfig config = MemoryConfig.defaults();
    long most = maxEntries();
    if (entries < 0 || entries > most) {
      throw new IllegalArgumentException(
          "a log of " + entries + " entries was asked for; it must have 0 to " + most);
    }
    AccessLog log = new AccessLog(config, pool);
    LogSource made = source(new SplittableRandom(seed), entries);
    for (long i = 0; i < entries; i++) {
      made.append(log);
    }
    return log;
  }

  private LogSource source(SplittableRandom random, long entries) {
    return switch (this) {
      case RISCV_REGISTERS -> new RiscvRegisters(random, entries);
      case STREAMING -> new Streaming(random, entries);
      case RANDOM_4_CELL -> new RandomFourCell(random, entries);
      case UNALIGNED_MIX -> new UnalignedMix(random, entries);
      case SPARSE_CHUNKS -> new SparseChunks(random, entries);
    };
  }

  /**
   * Returns the length of the longest log, whose last access has the last timestamp.
   *
   * @return entries
   */
  public static long maxEntries() {
    return MemoryConfig.defaults().timestampLimit() - 1;
  }
}
