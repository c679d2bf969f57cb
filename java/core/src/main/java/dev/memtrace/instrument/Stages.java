// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import org.jspecify.annotations.Nullable;

/**
 * Takes the times of the stages of a backend's work: tells a listener, and writes an event {@code
 * dev.memtrace.Upload} or {@code dev.memtrace.Pass} if the JDK Flight Recorder asks for them. A
 * span costs two readings of the clock, and there are a few a segment. Thread-safe.
 */
public final class Stages {
  private static final System.Logger LOG = System.getLogger(Stages.class.getName());

  /** The span that the thread is in, of whichever backend. */
  private static final ThreadLocal<@Nullable Span> INNERMOST = new ThreadLocal<>();

  private final StageListener listener;

  /**
   * Creates the clock of a backend.
   *
   * @param listener hears how long the stages take
   */
  public Stages(StageListener listener) {
    this.listener = listener;
  }

  /**
   * Says whether somebody listens, so that it is worth waiting for a device to know its times.
   *
   * @return false if the listener is {@link StageListener#NONE}
   */
  public boolean heard() {
    return !listener.equals(StageListener.NONE);
  }

  /**
   * Begins a stage on the calling thread.
   *
   * @param stage the stage
   * @return a span, closed by the same thread after all spans inside it
   */
  public Span open(Stage stage) {
    return new Span(stage);
  }

  private void tell(Stage stage, long wallNanos, long deviceNanos, long bytes) {
    try {
      listener.stageEnded(stage, wallNanos, deviceNanos, bytes);
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.WARNING, "the listener failed at the end of stage " + stage, e);
    }
  }

  /** One stretch of work on a stage. */
  public final class Span implements AutoCloseable {
    private final Stage stage;
    private final @Nullable Span outer = INNERMOST.get();
    private final @Nullable StageEvent event;
    private final long start;

    /** Elapsed time; negative until it has stopped. */
    private long elapsed = -1;

    private long deviceNanos = StageListener.NOT_ON_DEVICE;
    private long insideNanos;
    private long insideDeviceNanos;
    private long bytes;
    private boolean closed;

    private Span(Stage stage) {
      this.stage = stage;
      this.event = StageEvent.begin(stage);
      INNERMOST.set(this);
      this.start = System.nanoTime();
    }

    /**
     * Adds bytes that were moved or written.
     *
     * @param more bytes, not negative
     */
    public void addBytes(long more) {
      bytes += more;
    }

    /**
     * Sets how long the device took, spans inside included. Before {@link #close}.
     *
     * @param nanos elapsed time on the device
     */
    public void onDevice(long nanos) {
      deviceNanos = nanos;
    }

    /** Ends the work, but tells nobody before {@link #close}. Stopping twice has no effect. */
    public void stop() {
      if (elapsed >= 0) {
        return;
      }
      elapsed = Math.max(0, System.nanoTime() - start);
      if (event != null) {
        event.end();
      }
      if (outer == null) {
        INNERMOST.remove();
      } else {
        INNERMOST.set(outer);
        outer.insideNanos += elapsed;
      }
    }

    /** Ends the work and tells of it. Closing twice has no effect. */
    @Override
    public void close() {
      stop();
      if (closed) {
        return;
      }
      closed = true;
      boolean timed = deviceNanos != StageListener.NOT_ON_DEVICE;
      if (timed && outer != null) {
        outer.insideDeviceNanos += deviceNanos;
      }
      long ownNanos = Math.max(0, elapsed - insideNanos);
      long ownDeviceNanos = timed ? Math.max(0, deviceNanos - insideDeviceNanos) : deviceNanos;
      if (event != null) {
        event.commit(stage, ownNanos, ownDeviceNanos, bytes);
      }
      tell(stage, ownNanos, ownDeviceNanos, bytes);
    }
  }
}
