// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.benchmarks;

import dev.memtrace.field.BabyBear;
import dev.memtrace.poseidon2.Poseidon2;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Compressions on one thread, time of each: single states, the portable batch, the best one. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class Poseidon2Benchmark {
  private static final int ITEMS = 4096;

  /** Items of a call. */
  @Param({"1", "16", "256"})
  public int count;

  private final int[] inputs = new int[ITEMS * Poseidon2Batch.INPUT_WORDS];
  private final int[] outputs = new int[ITEMS * Poseidon2Batch.OUTPUT_WORDS];

  /** Makes the inputs. */
  @Setup(Level.Trial)
  public void fill() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = random.nextInt(BabyBear.P);
    }
  }

  /**
   * One canonical state after the other.
   *
   * @return the outputs
   */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int[] single() {
    for (int i = 0; i < ITEMS; i++) {
      Poseidon2.compress(inputs, i * 16, inputs, i * 16 + 8, outputs, i * 8);
    }
    return outputs;
  }

  /**
   * The batch in plain Java, in Montgomery form.
   *
   * @return the outputs
   */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int[] portable() {
    return compress(Poseidon2Batch.portable());
  }

  /**
   * The best batch, in Montgomery form.
   *
   * @return the outputs
   */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int[] best() {
    return compress(Poseidon2Batch.best());
  }

  private int[] compress(Poseidon2Batch batch) {
    for (int i = 0; i < ITEMS; i += count) {
      batch.compress(inputs, i * 16, outputs, i * 8, count);
    }
    return outputs;
  }
}
