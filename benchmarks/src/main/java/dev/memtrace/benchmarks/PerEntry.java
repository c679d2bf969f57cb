// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import java.util.Locale;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.util.Statistics;

/**
 * Runs the benchmarks of this module on one workload and prints nanoseconds per log entry: warm
 * (after warm-up, memory pooled and touched) and cold (the first run in a fresh process).
 */
public final class PerEntry {
  private static final int WARMUPS = 15;
  private static final int RUNS = 25;
  private static final int COLD_RUNS = 5;

  private PerEntry() {}

  /**
   * Runs everything.
   *
   * @param args what {@link Workload#load} takes, then optionally a regular expression that selects
   *     benchmarks
   * @throws RunnerException if JMH fails
   */
  @SuppressWarnings("SystemOut") // a program that prints a table
  public static void main(String[] args) throws RunnerException {
    String workload = args.length > 0 ? args[0] : Workload.DEFAULT;
    String include = args.length > 1 ? args[1] : "(Online|Replay|AfterLog)Benchmark";
    Workload loaded = Workload.load(workload);
    long entries = loaded.log().size();
    System.out.printf(
        Locale.ROOT,
        "%s: %,d entries, %,d accesses; ns per log entry%n",
        workload,
        entries,
        loaded.accesses());
    Options common =
        new OptionsBuilder()
            .include(include)
            .param("workload", workload)
            .mode(Mode.SingleShotTime)
            .timeUnit(java.util.concurrent.TimeUnit.NANOSECONDS)
            .timeout(TimeValue.minutes(10))
            .jvmArgsAppend("-Xmx6g", "-XX:MaxDirectMemorySize=12g", "-XX:+UseParallelGC")
            .build();
    Options warm =
        new OptionsBuilder()
            .parent(common)
            .forks(1)
            .warmupIterations(WARMUPS)
            .measurementIterations(RUNS)
            .build();
    Options cold =
        new OptionsBuilder()
            .parent(common)
            .forks(COLD_RUNS)
            .warmupIterations(0)
            .measurementIterations(1)
            .build();
    StringBuilder table = new StringBuilder();
    for (RunResult result : new Runner(warm).run()) {
      row(table, "warm", result, entries);
    }
    for (RunResult result : new Runner(cold).run()) {
      row(table, "cold", result, entries);
    }
    System.out.printf(
        "%n| state | benchmark | threads | min | median | max |%n|---|---|---|---|---|---|%n%s",
        table);
  }

  private static void row(StringBuilder table, String state, RunResult result, long entries) {
    Statistics times = result.getPrimaryResult().getStatistics();
    String threads = result.getParams().getParam("threads");
    String name = result.getParams().getBenchmark();
    table.append(
        String.format(
            Locale.ROOT,
            "| %s | %s | %s | %.1f | %.1f | %.1f |%n",
            state,
            name.substring(name.lastIndexOf('.') + 1),
            threads == null ? "1" : threads,
            times.getMin() / entries,
            times.getPercentile(50) / entries,
            times.getMax() / entries));
  }
}
