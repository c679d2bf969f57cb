// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** That each benchmark runs; nothing is timed here. */
class BenchmarksTest {
  @Test
  void eachBenchmarkRuns() throws RunnerException {
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .param("workload", "unaligned-mix:2000")
                    .param("threads", "2")
                    .param("chunks", "2000")
                    .param("count", "16")
                    .param("rows", "2000")
                    .param("program", "demo")
                    .mode(Mode.SingleShotTime)
                    .warmupIterations(0)
                    .measurementIterations(1)
                    .forks(0)
                    .shouldFailOnError(true)
                    .verbosity(VerboseMode.SILENT)
                    .build())
            .run();
    Set<String> names = new TreeSet<>();
    for (RunResult result : results) {
      String name = result.getParams().getBenchmark();
      names.add(name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1));
    }
    assertThat(names)
        .containsExactly(
            "AdapterFillBenchmark.fill",
            "AfterLogBenchmark.afterTheLog",
            "AfterLogBenchmark.auxColumns",
            "AfterLogBenchmark.poseidon2Trace",
            "ContinuationBenchmark.copiedImage",
            "ContinuationBenchmark.movedState",
            "MachineBenchmark.execute",
            "OnlineBenchmark.online",
            "Poseidon2Benchmark.best",
            "Poseidon2Benchmark.portable",
            "Poseidon2Benchmark.single",
            "ReplayBenchmark.replayWithRecords",
            "SortBenchmark.order",
            "TracesBenchmark.memoryTraces",
            "TreeBenchmark.boundary",
            "TreeBenchmark.hash",
            "TreeBenchmark.update",
            "VerifyBenchmark.verify");
  }
}
