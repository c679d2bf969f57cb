// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Executes a program to its end in segments. While one segment is executed, somebody else works on
 * the log of the one before: execution needs the cells alone, which the machine has, and neither
 * records nor roots. At most two logs exist at a time.
 */
public final class SegmentedExecution {
  /** Hears of the logs while the program runs, on the thread that executes. */
  public interface LogListener {
    /**
     * Hears that a log begins.
     *
     * @return receives each part of it when it is full
     */
    Consumer<LogSegment> begin();

    /**
     * Hears that the log has ended.
     *
     * @param log the log; not owned
     * @param complete whether the program did not fail in it
     */
    void end(AccessLog log, boolean complete);
  }

  private final Machine machine;
  private final long maxInstructions;
  private final long segmentAccesses;
  private final @Nullable LogListener listener;
  private final ThreadFactory factory;
  private long segments;
  private long nanos;

  /**
   * Prepares an execution.
   *
   * @param machine a machine that has not run
   * @param maxInstructions how many instructions the program may take
   * @param segmentAccesses how many accesses a segment has at most
   * @throws IllegalArgumentException if a limit is too small
   */
  public SegmentedExecution(Machine machine, long maxInstructions, long segmentAccesses) {
    this(machine, maxInstructions, segmentAccesses, null);
  }

  /**
   * Prepares an execution.
   *
   * @param machine a machine that has not run
   * @param maxInstructions how many instructions the program may take
   * @param segmentAccesses how many accesses a segment has at most
   * @param listener hears of every log; what it throws ends the execution. May be null
   * @throws IllegalArgumentException if a limit is too small
   */
  public SegmentedExecution(
      Machine machine, long maxInstructions, long segmentAccesses, @Nullable LogListener listener) {
    this(
        machine,
        maxInstructions,
        segmentAccesses,
        listener,
        Thread.ofPlatform().daemon().name("memtrace-segments").factory());
  }

  /** As the public one, with what makes the thread that works on the logs. */
  SegmentedExecution(
      Machine machine,
      long maxInstructions,
      long segmentAccesses,
      @Nullable LogListener listener,
      ThreadFactory factory) {
    if (maxInstructions < 1 || segmentAccesses < Machine.LEAST_SEGMENT_ACCESSES) {
      throw new IllegalArgumentException(
          "%d instructions in segments of %d accesses; the least are 1 and %d"
              .formatted(maxInstructions, segmentAccesses, Machine.LEAST_SEGMENT_ACCESSES));
    }
    this.machine = machine;
    this.maxInstructions = maxInstructions;
    this.segmentAccesses = segmentAccesses;
    this.listener = listener;
    this.factory = factory;
  }

  /**
   * Executes the program to its end.
   *
   * @param consumer takes the log of each segment, in order and one at a time, on another thread;
   *     owns it. What it throws ends the execution and is thrown here
   * @throws GuestException if the program did something that it may not do, or has not ended after
   *     so many instructions
   */
  public void run(Consumer<AccessLog> consumer) {
    try (ExecutorService worker = Executors.newSingleThreadExecutor(factory)) {
      Future<?> before = null;
      Machine.Stop stop;
      do {
        stop = executeHeard();
        AccessLog log = machine.takeLog();
        try {
          if (listener != null) {
            listener.end(log, true);
          }
          await(before);
          before = worker.submit(() -> consumer.accept(log)); // may find that no thread can be had
        } catch (RuntimeException | Error e) {
          log.release();
          throw e;
        }
        segments++;
      } while (stop != Machine.Stop.EXITED);
      await(before);
    }
  }

  private Machine.Stop executeHeard() {
    if (listener == null) {
      return execute();
    }
    machine.setSegmentSink(listener.begin());
    try {
      return execute();
    } catch (RuntimeException | Error e) {
      AccessLog log = machine.takeLog();
      try {
        listener.end(log, false);
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      } finally {
        log.release();
      }
      throw e;
    }
  }

  private Machine.Stop execute() {
    long start = System.nanoTime();
    try {
      Machine.Stop stop = machine.run(maxInstructions - machine.instructions(), segmentAccesses);
      if (stop == Machine.Stop.INSTRUCTIONS) {
        throw new GuestException(
            "the program did not end within the limit of "
                + maxInstructions
                + " instructions; raise it or look for an endless loop",
            machine.pc());
      }
      return stop;
    } finally {
      nanos += System.nanoTime() - start;
      machine.flush();
    }
  }

  private static void await(@Nullable Future<?> work) {
    if (work == null) {
      return;
    }
    try {
      work.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while a segment was made");
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  /**
   * Returns how many segments were executed.
   *
   * @return segments
   */
  public long segments() {
    return segments;
  }

  /**
   * Returns how long the machine ran, without the time that it waited for the consumer.
   *
   * @return nanoseconds
   */
  public long nanos() {
    return nanos;
  }
}
