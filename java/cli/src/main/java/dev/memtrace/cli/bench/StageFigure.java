// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.backend.BackendLimits;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of a stage.
 *
 * @param wall elapsed times on the host
 * @param device elapsed times by the events of a device, null if the stage did not run on one
 * @param bytes bytes of one run that the stage must move or write, as {@link
 *     dev.memtrace.instrument.Stage} says
 * @param permutations Poseidon2 permutations that one run needs
 */
public record StageFigure(Spread wall, @Nullable Spread device, long bytes, long permutations) {
  /** What keeps a stage from being faster. */
  public enum Limit {
    /** The bandwidth of the memory. */
    MEMORY,
    /** The rate of Poseidon2 permutations. */
    POSEIDON2,
    /** The bandwidth between host and device. */
    BUS,
    /** Those of its parts. */
    ALL,
    /** None: the stage moves nothing, or what it moves is counted elsewhere. */
    NONE;

    /**
     * Returns the name in reports.
     *
     * @return lower case
     */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The median that figures are made from: of the device if it ran there. */
  private long median() {
    return Math.max(1, device == null ? wall.median() : device.median());
  }

  /**
   * Relates the stage to the length of the log.
   *
   * @param entries entries of the log
   * @return median time on the host over entries, 0 for an empty log
   */
  public double nsPerEntry(long entries) {
    return entries == 0 ? 0 : (double) wall.median() / entries;
  }

  /**
   * Returns the rate at which the bytes were moved.
   *
   * @return 10^9 bytes a second
   */
  public double gbPerSecond() {
    return (double) bytes / median();
  }

  /**
   * Says which limit the stage meets first.
   *
   * @param limits the limits of the processor that it ran on
   * @return the limit whose least time is longer
   */
  public Limit limit(BackendLimits limits) {
    if (bytes == 0 && permutations == 0) {
      return Limit.NONE;
    }
    return memoryNanos(limits) >= poseidon2Nanos(limits) ? Limit.MEMORY : Limit.POSEIDON2;
  }

  private double memoryNanos(BackendLimits limits) {
    return bytes * 1e9 / limits.bytesPerSecond();
  }

  private double poseidon2Nanos(BackendLimits limits) {
    return permutations * 1e9 / limits.permutationsPerSecond();
  }

  /**
   * Returns the least time that the limits allow.
   *
   * @param limits the limits of the processor that it ran on
   * @return nanoseconds
   */
  public double leastNanos(BackendLimits limits) {
    return Math.max(memoryNanos(limits), poseidon2Nanos(limits));
  }

  /**
   * Returns how near copies between host and device are to their limit.
   *
   * @param limits the limits of the device
   * @return the least time over the median; 1 is as fast as the limit
   */
  public double shareOfBus(BackendLimits limits) {
    return bytes * 1e9 / limits.transferredBytesPerSecond() / median();
  }

  /**
   * Returns how near the stage is to its limit.
   *
   * @param limits the limits of the processor that it ran on
   * @return the least time over the median; 1 is as fast as the limit
   */
  public double shareOfLimit(BackendLimits limits) {
    return leastNanos(limits) / median();
  }
}
