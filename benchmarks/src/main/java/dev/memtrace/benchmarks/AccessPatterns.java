// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.LongStream;

/**
 * What an access pattern costs: the same 65,536 cells, written once and read eight times, by
 * accesses of different size and alignment.
 */
public final class AccessPatterns {
  private static final int CELLS = 1 << 16;
  private static final int PASSES = 9;
  private static final int RUNS = 15;

  private AccessPatterns() {}

  /**
   * Prints a table.
   *
   * @param args none
   */
  @SuppressWarnings("SystemOut") // a program that prints a table
  public static void main(String[] args) {
    System.out.println("| accesses | log entries | adapter rows | trace cells | ns per cell |");
    System.out.println("|---|---|---|---|---|");
    measure("1 cell", 1, 1, 0);
    measure("4 cells, aligned", 4, 4, 0);
    measure("8 cells, aligned", 8, 8, 0);
    measure("32 cells, aligned", 32, 32, 0);
    measure("4 cells, 1 beside alignment", 4, 4, 1);
    measure("written by 8, read by 4", 8, 4, 0);
    measure("written by 1, read by 4", 1, 4, 0);
  }

  @SuppressWarnings("SystemOut") // a program that prints a table
  private static void measure(String name, int writeSize, int readSize, int shift) {
    double[] times = new double[RUNS];
    long entries = 0;
    long adapterRows = 0;
    long cells = 0;
    for (int run = 0; run < RUNS; run++) {
      VariableRangeChecker rangeChecker = new VariableRangeChecker(new RangeCheckerBus(3, 17));
      try (Poseidon2Periphery hasher = new Poseidon2Periphery();
          MemoryController memory =
              MemoryController.withPersistentMemory(
                  new MemoryBus(0),
                  MemoryConfig.defaults(),
                  rangeChecker,
                  new MerkleBus(1),
                  new CompressionBus(2))) {
        long start = System.nanoTime();
        access(memory, writeSize, readSize, shift);
        memory.finalizeMemory(hasher);
        memory.generateAirProofInputs().forEach(AirProofInput::close);
        times[run] = (System.nanoTime() - start) / (double) (CELLS * PASSES);
        entries = memory.lastRecordId() + 1;
        long[] heights = memory.currentTraceHeights();
        adapterRows = Arrays.stream(heights).skip(2).sum();
        cells = LongStream.of(memory.currentTraceCells()).sum();
      }
    }
    Arrays.sort(times);
    System.out.printf(
        Locale.ROOT,
        "| %s | %,d | %,d | %,d | %.1f (%.1f to %.1f) |%n",
        name,
        entries,
        adapterRows,
        cells,
        times[RUNS / 2],
        times[0],
        times[RUNS - 1]);
  }

  private static void access(MemoryController memory, int writeSize, int readSize, int shift) {
    int[] values = new int[32];
    int[] previous = new int[32];
    for (int pointer = 0; pointer < CELLS; pointer += writeSize) {
      values[0] = pointer;
      memory.write(2, pointer + shift, writeSize, values, 0, previous, 0);
    }
    for (int pass = 1; pass < PASSES; pass++) {
      for (int pointer = 0; pointer < CELLS; pointer += readSize) {
        memory.read(2, pointer + shift, readSize, values, 0);
      }
    }
  }
}
