// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.offheap.BufferPool;
import dev.memtrace.rv32.Machine;
import dev.memtrace.rv32.Program;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Whole executions of guests on one thread, with logging: {@code instructions} is the figure. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(3)
public class MachineBenchmark {
  /** A file, or {@code demo} for the guest of {@code memtrace demo}. */
  @Param("demo")
  public String program;

  private Program loaded;
  private Machine machine;

  /** Counts per second instead of executions. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Counters {
    /** Instructions that were executed. */
    public long instructions;

    /** Entries that were logged. */
    public long entries;
  }

  /**
   * Reads the program.
   *
   * @throws IOException if the file cannot be read
   */
  @Setup(Level.Trial)
  public void load() throws IOException {
    loaded = program.equals("demo") ? Program.demo() : Program.load(Path.of(program));
  }

  /** Makes a machine, whose memory comes from the last one. */
  @Setup(Level.Invocation)
  public void open() {
    machine =
        new Machine(
            loaded,
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            BufferPool.shared());
  }

  /** Gives the memory back. */
  @TearDown(Level.Invocation)
  public void close() {
    machine.close();
  }

  /**
   * Executes the program to its end in one segment.
   *
   * @param counters count what was done
   * @return the status
   */
  @Benchmark
  public int execute(Counters counters) {
    machine.run(Long.MAX_VALUE, Integer.MAX_VALUE);
    counters.instructions += machine.instructions();
    counters.entries += machine.entries();
    return machine.status();
  }
}
