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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/**
 * What an access pattern costs: the same 65,536 cells, written once and read eight times, by
 * accesses of different size and alignment.
 */
public final class AccessPatterns {
  private static final int CELLS = 1 << 16;
  private static final int PASSES = 9;
  private static final int WARM_UP_RUNS = 15;
  private static final int RUNS = 15;

  private static final List<Pattern> PATTERNS =
      List.of(
          new Pattern("1 cell", 1, 1, 0),
          new Pattern("4 cells, aligned", 4, 4, 0),
          new Pattern("8 cells, aligned", 8, 8, 0),
          new Pattern("32 cells, aligned", 32, 32, 0),
          new Pattern("4 cells, 1 beside alignment", 4, 4, 1),
          new Pattern("written by 8, read by 4", 8, 4, 0),
          new Pattern("written by 1, read by 4", 1, 4, 0));

  private AccessPatterns() {}

  /**
   * Accesses of one kind.
   *
   * @param name what the table calls them
   * @param writeSize cells of a write
   * @param readSize cells of a read
   * @param shift cells from an aligned pointer to that of an access
   */
  private record Pattern(String name, int writeSize, int readSize, int shift) {}

  /**
   * One run.
   *
   * @param nsPerCell time of the whole run over cells written or read
   * @param entries entries of the log
   * @param adapterRows rows of all access adapters
   * @param traceCells cells of all traces
   */
  private record Run(double nsPerCell, long entries, long adapterRows, long traceCells) {}

  /**
   * Prints a table. The patterns take turns, so that a change of the machine's speed meets them
   * all; the first rounds are not counted.
   *
   * @param args none
   */
  @SuppressWarnings("SystemOut") // a program that prints a table
  public static void main(String[] args) {
    List<List<Run>> runs = PATTERNS.stream().<List<Run>>map(_ -> new ArrayList<>()).toList();
    for (int round = -WARM_UP_RUNS; round < RUNS; round++) {
      for (int i = 0; i < PATTERNS.size(); i++) {
        Run run = run(PATTERNS.get(i));
        if (round >= 0) {
          runs.get(i).add(run);
        }
      }
    }
    System.out.println("| accesses | log entries | adapter rows | trace cells | ns per cell |");
    System.out.println("|---|---|---|---|---|");
    for (int i = 0; i < PATTERNS.size(); i++) {
      print(PATTERNS.get(i), runs.get(i));
    }
  }

  private static Run run(Pattern pattern) {
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
      access(memory, pattern);
      memory.finalizeMemory(hasher);
      memory.generateAirProofInputs().forEach(AirProofInput::close);
      double nsPerCell = (System.nanoTime() - start) / (double) (CELLS * PASSES);
      long adapterRows = Arrays.stream(memory.currentTraceHeights()).skip(2).sum();
      long traceCells = LongStream.of(memory.currentTraceCells()).sum();
      return new Run(nsPerCell, memory.lastRecordId() + 1, adapterRows, traceCells);
    }
  }

  @SuppressWarnings("SystemOut") // a program that prints a table
  private static void print(Pattern pattern, List<Run> runs) {
    double[] times = runs.stream().mapToDouble(Run::nsPerCell).sorted().toArray();
    Run any = runs.getFirst();
    System.out.printf(
        Locale.ROOT,
        "| %s | %,d | %,d | %,d | %.1f (%.1f to %.1f) |%n",
        pattern.name(),
        any.entries(),
        any.adapterRows(),
        any.traceCells(),
        times[times.length / 2],
        times[0],
        times[times.length - 1]);
  }

  private static void access(MemoryController memory, Pattern pattern) {
    int[] values = new int[32];
    int[] previous = new int[32];
    for (int pointer = 0; pointer < CELLS; pointer += pattern.writeSize()) {
      values[0] = pointer;
      memory.write(2, pointer + pattern.shift(), pattern.writeSize(), values, 0, previous, 0);
    }
    for (int pass = 1; pass < PASSES; pass++) {
      for (int pointer = 0; pointer < CELLS; pointer += pattern.readSize()) {
        memory.read(2, pointer + pattern.shift(), pattern.readSize(), values, 0);
      }
    }
  }
}
