// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that share loops. With one thread everything runs on the caller. The
 * threads are daemons and are started on first use.
 */
public final class Workers implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Workers.class.getName());

  private final int threads;
  private final Runnable beforeRange;
  private final ThreadFactory factory;
  private @Nullable ExecutorService helpers;

  /**
   * Creates a team.
   *
   * @param threads how many threads work at once, the caller included; at least 1
   * @throws IllegalArgumentException if {@code threads} is not between 1 and 1024
   */
  public Workers(int threads) {
    this(threads, () -> {});
  }

  /**
   * Creates a team whose loops can be ended early.
   *
   * @param threads how many threads work at once, the caller included; at least 1
   * @param beforeRange is run before each range of a loop by the thread that has taken it, by
   *     several at once; what it throws ends the loop as if the range had failed
   * @throws IllegalArgumentException if {@code threads} is not between 1 and 1024
   */
  public Workers(int threads, Runnable beforeRange) {
    this(threads, beforeRange, Workers::daemon);
  }

  /**
   * Creates a team.
   *
   * @param threads how many threads work at once, the caller included; at least 1
   * @param beforeRange is run before each range of a loop
   * @param factory makes the helpers
   */
  Workers(int threads, Runnable beforeRange, ThreadFactory factory) {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads is " + threads + "; it must be 1 to 1024");
    }
    this.threads = threads;
    this.beforeRange = beforeRange;
    this.factory = factory;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "memtrace-worker");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Returns the size of the team.
   *
   * @return how many threads work at once, the caller included
   */
  public int threads() {
    return threads;
  }

  /**
   * Runs a loop over {@code 0 .. count - 1}, cut into ranges of {@code grain} items that the
   * threads take as they become free. Returns when all are done.
   *
   * @param count number of items
   * @param grain items in a range, at least 1
   * @param body what to do with a range; must not depend on the order of the ranges
   */
  public void forRange(long count, long grain, RangeBody body) {
    if (count <= 0) {
      return;
    }
    int wanted = (int) Math.min(threads, Math.ceilDiv(count, grain));
    if (wanted == 1) {
      for (long from = 0; from < count; from += grain) {
        beforeRange.run();
        body.run(from, Math.min(count, from + grain));
      }
      return;
    }
    AtomicLong next = new AtomicLong();
    Runnable loop =
        () -> {
          try {
            for (long from = next.getAndAdd(grain); from < count; from = next.getAndAdd(grain)) {
              beforeRange.run();
              body.run(from, Math.min(count, from + grain));
            }
          } catch (RuntimeException | Error e) {
            next.set(count); // the others stop after their range
            throw e;
          }
        };
    List<Future<?>> futures = startHelpers(loop, wanted - 1);
    Throwable failure = null;
    try {
      loop.run();
    } catch (RuntimeException | Error e) {
      failure = e;
    }
    for (Future<?> future : futures) {
      failure = merge(failure, await(future));
    }
    if (failure instanceof Error e) {
      throw e;
    }
    if (failure != null) {
      throw (RuntimeException) failure;
    }
  }

  /** Starts helpers, fewer if no more threads can be had: the result is the same. */
  private List<Future<?>> startHelpers(Runnable loop, int wanted) {
    List<Future<?>> futures = new ArrayList<>();
    try {
      for (int i = 0; i < wanted; i++) {
        futures.add(helpers().submit(loop));
      }
    } catch (OutOfMemoryError | RejectedExecutionException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "going on with {0} of {1} threads: {2}",
          futures.size() + 1,
          wanted + 1,
          e.getMessage());
    }
    return futures;
  }

  /**
   * Returns the grain that gives each thread one range, for work that keeps something per range.
   *
   * @param count number of items
   * @return items in a range, at least 1
   */
  public long share(long count) {
    return Math.max(1, Math.ceilDiv(count, (long) threads));
  }

  private static @Nullable Throwable await(Future<?> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          future.get();
          return null;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          Throwable cause = e.getCause();
          return cause == null ? e : cause;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // a throwable cannot suppress itself
  private static @Nullable Throwable merge(@Nullable Throwable first, @Nullable Throwable second) {
    if (first == null) {
      return second;
    }
    if (second != null && second != first) {
      first.addSuppressed(second);
    }
    return first;
  }

  private synchronized ExecutorService helpers() {
    ExecutorService pool = helpers;
    if (pool == null) {
      pool = Executors.newFixedThreadPool(threads - 1, factory);
      helpers = pool;
    }
    return pool;
  }

  /** Stops the helper threads once they are idle. */
  @Override
  public synchronized void close() {
    if (helpers != null) {
      helpers.shutdown();
      helpers = null;
    }
  }
}
