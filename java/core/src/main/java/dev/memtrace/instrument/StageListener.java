// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

/**
 * Hears how long the stages of a backend's work take. Given to a backend with its options; heard by
 * the thread that does the work, so a listener of sessions that run side by side is thread-safe.
 * What it throws is logged and does not disturb the work.
 *
 * <p>A stage may end several times for a segment (an upload for each part of the log, say): times
 * and bytes of the calls add up. A stage inside another is not part of the other's times, so the
 * times of all stages never exceed the time of the work. A stage that fails ends too.
 *
 * <p>While a backend on a device is listened to, it waits for the device at the end of each stage
 * but uploads, whose calls come when something waits for the device anyway.
 */
@FunctionalInterface
public interface StageListener {
  /** The device time of a stage that did not run on a device. */
  long NOT_ON_DEVICE = -1;

  /** Hears nothing; backends measure nothing for it. */
  StageListener NONE = (_, _, _, _) -> {};

  /**
   * A stage has ended.
   *
   * @param stage the stage
   * @param wallNanos elapsed time on the host, without stages inside; for an upload the time to
   *     enqueue it
   * @param deviceNanos elapsed time on the device, without stages inside; {@link #NOT_ON_DEVICE} if
   *     it did not run on one
   * @param bytes bytes moved or written, as {@link Stage} says
   */
  void stageEnded(Stage stage, long wallNanos, long deviceNanos, long bytes);
}
