// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import java.util.List;

/**
 * Which address spaces are replayed together. Blocks never reach from one address space into
 * another, so lanes need nothing of each other.
 */
public final class Lanes {
  /** Address spaces that are equal modulo this number share a lane. */
  private static final int CLASSES = 64;

  private static final Lanes SINGLE = new Lanes(new byte[CLASSES], 1);

  private final byte[] laneOf;
  private final int count;

  private Lanes(byte[] laneOf, int count) {
    this.laneOf = laneOf;
    this.count = count;
  }

  /**
   * Returns a single lane.
   *
   * @return the plan of a serial replay
   */
  public static Lanes single() {
    return SINGLE;
  }

  /**
   * Plans lanes of about equal work.
   *
   * @param log the log
   * @param most how many lanes there may be at most, 1 to 64
   * @return a plan of as many lanes as have work
   */
  public static Lanes plan(List<LogSegment> log, int most) {
    if (most == 1) {
      return SINGLE;
    }
    long[] accesses = new long[CLASSES];
    for (LogSegment segment : log) {
      for (int i = 0; i < segment.entries(); i++) {
        accesses[LogHeader.addressSpace(segment.header(i)) % CLASSES]++;
      }
    }
    // Immediates and increments cost nearly nothing; they go to lane 0.
    accesses[0] = 0;
    byte[] laneOf = new byte[CLASSES];
    long[] load = new long[Math.min(most, CLASSES)];
    int used = 1;
    while (true) {
      int heaviest = 0;
      for (int i = 1; i < CLASSES; i++) {
        heaviest = accesses[i] > accesses[heaviest] ? i : heaviest;
      }
      if (accesses[heaviest] == 0) {
        return used == 1 ? SINGLE : new Lanes(laneOf, used);
      }
      int lane = 0;
      for (int i = 1; i < load.length; i++) {
        lane = load[i] < load[lane] ? i : lane;
      }
      laneOf[heaviest] = (byte) lane;
      load[lane] += accesses[heaviest];
      accesses[heaviest] = 0;
      used = Math.max(used, lane + 1);
    }
  }

  /**
   * Returns the number of lanes.
   *
   * @return 1 to 64
   */
  public int count() {
    return count;
  }

  /** Whether an entry is an access of another lane than the given one. */
  boolean isOther(long header, int lane) {
    return count > 1
        && !LogHeader.isIncrement(header)
        && laneOf[LogHeader.addressSpace(header) % CLASSES] != lane;
  }
}
