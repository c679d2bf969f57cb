// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cpu;

import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.air.RangeCheckerAir;
import dev.memtrace.air.TraceHeight;
import dev.memtrace.backend.BackendLimits;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.Fingerprint;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceSession;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.instrument.FlightEvents;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.Stages;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.poseidon2.Poseidon2Batch;
import dev.memtrace.trace.Poseidon2Trace;
import dev.memtrace.trace.Traces;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Everything after the log on the threads of this process. */
public final class CpuBackend implements TraceBackend {
  private final BufferPool pool;
  private final Workers workers;
  private final Stages stages;
  private final Poseidon2Batch batch;

  /**
   * Creates a backend on the pool of this process.
   *
   * @param options its settings
   */
  public CpuBackend(BackendOptions options) {
    this(options, BufferPool.shared());
  }

  /**
   * Creates a backend.
   *
   * @param options its settings
   * @param pool where memory comes from and returns to
   */
  public CpuBackend(BackendOptions options, BufferPool pool) {
    this(options, pool, Poseidon2Batch.best());
  }

  CpuBackend(BackendOptions options, BufferPool pool, Poseidon2Batch batch) {
    this.batch = batch;
    this.workers = new Workers(options.threads());
    this.stages = new Stages(options.listener());
    this.pool = pool;
  }

  @Override
  public String name() {
    return TraceBackends.CPU;
  }

  @Override
  public BufferPool pool() {
    return pool;
  }

  Workers workers() {
    return workers;
  }

  Poseidon2Batch batch() {
    return batch;
  }

  Stages stages() {
    return stages;
  }

  @Override
  public TraceSession open(MemoryMode mode, AddressMap initial) {
    return new CpuSession(this, mode, new MemoryState(pool, initial, null), true);
  }

  @Override
  public TraceSession open(MemoryMode mode, MemoryState initial) {
    if (initial.tree() != null) {
      // A tree on a device comes to the host while the device is certainly there.
      initial.hashedTree(workers, batch);
    }
    return new CpuSession(this, mode, initial, false);
  }

  @Override
  public TraceMatrix poseidon2Trace(Poseidon2Periphery hasher, int registers) {
    int width = Poseidon2Air.width(registers);
    MemorySegment inputs = hasher.inputs();
    long height =
        TraceHeight.nextPowerOfTwoOrZero(inputs.byteSize() / (4L * Poseidon2Periphery.ROW_WORDS));
    try (Stages.Span span = stages.open(Stage.POSEIDON2)) {
      TraceMatrix trace =
          filled(
              height,
              width,
              buffer -> Poseidon2Trace.fill(workers, inputs, registers, height, buffer));
      span.addBytes(4 * height * width);
      FlightEvents.product("Poseidon2", height, width);
      return trace;
    }
  }

  @Override
  public TraceMatrix rangeCheckerTrace(VariableRangeChecker rangeChecker) {
    int height = RangeCheckerAir.height(rangeChecker.rangeMaxBits());
    try (Stages.Span span = stages.open(Stage.RANGE_COUNTS)) {
      TraceMatrix trace =
          filled(
              height,
              1,
              buffer ->
                  MemorySegment.copy(
                      rangeChecker.counts(), 0, buffer, IntBuffer64.WORD, 0, height));
      span.addBytes(4L * height);
      FlightEvents.product("RangeChecker", height, 1);
      return trace;
    }
  }

  /** Makes a trace of a buffer of the pool, which goes back if it cannot be filled. */
  private TraceMatrix filled(long height, int width, Consumer<MemorySegment> filling) {
    MemorySegment buffer = Traces.acquire(pool, height, width);
    try {
      filling.accept(buffer);
      return Traces.matrix(pool, buffer, height, width);
    } catch (RuntimeException | Error e) {
      pool.release(buffer);
      throw e;
    }
  }

  @Override
  public long fingerprint(TraceMatrix trace, long seed) {
    return new Fingerprint(seed).of(trace, workers, pool);
  }

  @Override
  public BackendLimits measureLimits() {
    return BackendLimits.ofHost(workers, batch, pool);
  }

  @Override
  public void close() {
    workers.close();
  }
}
