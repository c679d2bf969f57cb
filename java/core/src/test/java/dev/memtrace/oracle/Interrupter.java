// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Interrupts the thread that asks for it, at a moment of its choice, once. */
final class Interrupter implements AutoCloseable {
  private final Thread thread = new Thread(this::loop, "soak-interrupter");
  private @Nullable Thread target;
  private long at;
  private boolean closed;

  Interrupter() {
    thread.setDaemon(true);
    thread.start();
  }

  /** Interrupts the calling thread in so many microseconds. */
  synchronized void start(int micros) {
    target = Thread.currentThread();
    at = System.nanoTime() + 1000L * micros;
    notifyAll();
  }

  /** Interrupts no more, and takes an interrupt back that the calling thread has not seen. */
  synchronized void stop() {
    target = null;
    Thread.interrupted();
  }

  private void loop() {
    while (true) {
      long wait;
      synchronized (this) {
        if (closed) {
          return;
        }
        wait = target == null ? Long.MAX_VALUE : at - System.nanoTime();
        if (target != null && wait <= 0) {
          target.interrupt();
          target = null;
          continue;
        }
        if (target == null) {
          try {
            wait();
          } catch (InterruptedException e) {
            return;
          }
          continue;
        }
      }
      LockSupport.parkNanos(Math.min(wait, 1_000_000));
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
