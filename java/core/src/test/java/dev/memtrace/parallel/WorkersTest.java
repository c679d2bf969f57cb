// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class WorkersTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyItemOnceInRangesOfTheGrain(int threads) {
    try (Workers workers = new Workers(threads)) {
      assertThat(workers.threads()).isEqualTo(threads);
      for (int count : new int[] {0, 1, 2, 7, 64, 1000, 1001}) {
        for (int grain : new int[] {1, 3, 64, 1000, 5000}) {
          AtomicIntegerArray seen = new AtomicIntegerArray(Math.max(1, count));
          workers.forRange(
              count,
              grain,
              (from, to) -> {
                assertThat(from % grain).isZero();
                assertThat(to - from).isBetween(1L, (long) grain);
                for (long i = from; i < to; i++) {
                  seen.incrementAndGet((int) i);
                }
              });
          for (int i = 0; i < count; i++) {
            assertThat(seen.get(i)).isEqualTo(1);
          }
        }
      }
      for (long count : new long[] {1, 5, 6, 7, 1000}) {
        long share = workers.share(count);
        assertThat(share * threads).isGreaterThanOrEqualTo(count);
        assertThat((share - 1) * threads).isLessThan(count);
      }
    }
  }

  @Test
  void threadsWorkAtOnce() {
    try (Workers workers = new Workers(3)) {
      CountDownLatch together = new CountDownLatch(3);
      Set<Thread> threads = ConcurrentHashMap.newKeySet();
      workers.forRange(
          3,
          1,
          (from, to) -> {
            threads.add(Thread.currentThread());
            together.countDown();
            try {
              assertThat(together.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
      assertThat(threads).hasSize(3).contains(Thread.currentThread());
      threads.remove(Thread.currentThread());
      assertThat(threads).allMatch(Thread::isDaemon);
    }
  }

  @Test
  void oneThreadIsTheCaller() {
    try (Workers workers = new Workers(1)) {
      workers.forRange(
          10, 2, (from, to) -> assertThat(Thread.currentThread().getName()).isEqualTo(name()));
    }
  }

  private static String name() {
    return Thread.currentThread().getName();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void aFailureReachesTheCallerWhenAllHaveStopped(int threads) {
    try (Workers workers = new Workers(threads)) {
      for (int bad = 0; bad < 40; bad += 13) {
        int badItem = bad;
        AtomicInteger running = new AtomicInteger();
        assertThatThrownBy(
                () ->
                    workers.forRange(
                        40,
                        1,
                        (from, to) -> {
                          running.incrementAndGet();
                          try {
                            if (from == badItem) {
                              throw new ArithmeticException("item " + from);
                            }
                            Thread.onSpinWait();
                          } finally {
                            running.decrementAndGet();
                          }
                        }))
            .isInstanceOf(ArithmeticException.class)
            .hasMessage("item " + badItem);
        assertThat(running.get()).isZero();
      }
      assertThatThrownBy(
              () ->
                  workers.forRange(
                      8,
                      1,
                      (from, to) -> {
                        throw new AssertionError("all fail");
                      }))
          .isInstanceOf(AssertionError.class)
          .hasMessage("all fail");
      // The team is still good.
      AtomicLong sum = new AtomicLong();
      workers.forRange(100, 7, (from, to) -> sum.addAndGet(to - from));
      assertThat(sum.get()).isEqualTo(100);
    }
  }

  @Test
  void anInterruptedCallerWaitsAndStaysInterrupted() {
    try (Workers workers = new Workers(2)) {
      AtomicLong sum = new AtomicLong();
      Thread.currentThread().interrupt();
      workers.forRange(50, 1, (from, to) -> sum.addAndGet(from));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(sum.get()).isEqualTo(49 * 50 / 2);
    }
  }

  @Test
  void manyCallersShareATeam() throws InterruptedException {
    try (Workers workers = new Workers(3)) {
      AtomicLong sum = new AtomicLong();
      Thread[] callers = new Thread[4];
      for (int t = 0; t < callers.length; t++) {
        callers[t] =
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int i = 0; i < 200; i++) {
                        workers.forRange(30, 4, (from, to) -> sum.addAndGet(to - from));
                      }
                    });
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(sum.get()).isEqualTo(4 * 200 * 30);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1025})
  void impossibleTeams(int threads) {
    assertThatThrownBy(() -> new Workers(threads))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("threads is " + threads);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void whatComesBeforeARangeCanEndTheLoop(int threads) {
    AtomicInteger done = new AtomicInteger();
    Runnable guard =
        () -> {
          if (done.get() >= 10) {
            throw new IllegalStateException("enough");
          }
        };
    try (Workers workers = new Workers(threads, guard)) {
      assertThatThrownBy(
              () -> workers.forRange(1000, 1, (from, to) -> done.addAndGet((int) (to - from))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("enough");
    }
    assertThat(done.get()).isBetween(10, 10 + threads);
  }

  /** Threads of which some cannot be had: from one number on, up to another. */
  private static final class FewThreads implements ThreadFactory {
    private final List<Thread> started = new ArrayList<>();
    private int made;
    private int first;
    private int last;

    @Override
    public synchronized Thread newThread(Runnable task) {
      int number = made++;
      if (number >= first && number < last) {
        throw new OutOfMemoryError("unable to create native thread: test");
      }
      Thread thread = new Thread(task);
      started.add(thread);
      return thread;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void threadsThatCannotBeStartedAreDoneWithout(int threads) throws InterruptedException {
    for (int first = 0; first < threads; first++) {
      FewThreads factory = new FewThreads();
      factory.first = first;
      factory.last = Integer.MAX_VALUE;
      try (Workers workers = new Workers(threads, () -> {}, factory)) {
        for (int loop = 0; loop < 3; loop++) {
          AtomicLong sum = new AtomicLong();
          workers.forRange(100, 1, (from, _) -> sum.addAndGet(from));
          assertThat(sum).hasValue(4950);
        }
        assertThat(factory.started).hasSize(Math.min(first, threads - 1));
        factory.last = 0; // threads can be had again
        CountDownLatch together = new CountDownLatch(threads);
        workers.forRange(threads, 1, (_, _) -> awaitAll(together));
        assertThat(factory.started).hasSize(threads - 1);
      }
      for (Thread thread : factory.started) {
        thread.join(20_000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }

  private static void awaitAll(CountDownLatch latch) {
    latch.countDown();
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void anErrorOfAnyThreadReachesTheCallerAndTheTeamGoesOn(int threads) {
    FewThreads factory = new FewThreads();
    try (Workers workers = new Workers(threads, () -> {}, factory)) {
      for (int i = 0; i < 50; i++) {
        int failing = i;
        assertThatThrownBy(
                () ->
                    workers.forRange(
                        50,
                        1,
                        (from, _) -> {
                          if (from == failing) {
                            throw new StackOverflowError("test");
                          }
                        }))
            .isInstanceOf(StackOverflowError.class);
      }
      AtomicLong sum = new AtomicLong();
      workers.forRange(100, 1, (from, _) -> sum.addAndGet(from));
      assertThat(sum).hasValue(4950);
      assertThat(factory.started).hasSize(threads - 1); // none was lost
    }
  }
}
