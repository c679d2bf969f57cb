// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import java.util.ArrayList;
import java.util.List;

/**
 * The offline replay of a log: what records hold beyond the log, rows of all splits and merges, and
 * the blocks that were touched. Lanes of address spaces run side by side, and in each of them a
 * pass over blocks and, behind it, one over cells; the result is that of one thread.
 */
public final class Replay {
  private final BufferPool pool;
  private final MemoryMode mode;
  private final AddressMap initial;
  private final List<Lane> lanes = new ArrayList<>();
  private final AdapterRows[] adapters;

  /**
   * Creates a replay at time 1, which takes no native memory yet.
   *
   * @param pool where memory comes from and returns to
   * @param mode mode of the memory
   * @param initial memory at time 0, which no longer changes; its configuration is legal in that
   *     mode
   * @param plan which address spaces are replayed together
   */
  public Replay(BufferPool pool, MemoryMode mode, AddressMap initial, Lanes plan) {
    this.pool = pool;
    this.mode = mode;
    this.initial = initial;
    for (int lane = 0; lane < plan.count(); lane++) {
      lanes.add(new Lane(pool, mode, initial, plan, lane));
    }
    this.adapters = lanes.getFirst().cells().adapters().clone();
  }

  /**
   * Replays whole log segments.
   *
   * @param workers threads that share the lanes and their passes
   * @param log the segments in order
   * @param words receive what the replay adds to each segment
   */
  public void replay(Workers workers, List<LogSegment> log, List<ReplayedWords> words) {
    new Pipeline(lanes, log, words).run(workers);
  }

  /**
   * Replays one entry, in a replay of a single lane: the first of a segment or the one after the
   * last call's.
   *
   * @param segment its segment
   * @param i the entry
   * @param words receive what the replay adds to the segment
   */
  public void replayEntry(LogSegment segment, int i, ReplayedWords words) {
    lanes.getFirst().replayEntry(segment, i, words);
  }

  /**
   * Brings every touched block to the mode's initial size, in ascending order of addresses. {@link
   * #mergeAdapters} must follow.
   *
   * @param workers threads that share the lanes
   * @return the touched blocks
   */
  public TouchedBlocks finish(Workers workers) {
    workers.forRange(
        lanes.size(),
        1,
        (from, to) -> {
          for (int lane = (int) from; lane < to; lane++) {
            lanes.get(lane).finish();
          }
        });
    return touchedBlocks();
  }

  /**
   * Brings the adapter rows of all lanes into the order of the log, once finished.
   *
   * @param workers threads that share the adapters
   */
  public void mergeAdapters(Workers workers) {
    if (lanes.size() > 1) {
      workers.forRange(
          adapters.length,
          1,
          (from, to) -> {
            for (int i = (int) from; i < to; i++) {
              adapters[i] = merge(i);
            }
          });
    }
  }

  private AdapterRows merge(int i) {
    long[] fromLog = lanes.stream().mapToLong(lane -> lane.logOrderRows(i)).toArray();
    return AdapterRows.merge(
        pool, lanes.stream().map(lane -> lane.cells().adapters()[i]).toList(), fromLog);
  }

  /**
   * Returns the blocks of the mode's initial size that have a touched cell, as of now.
   *
   * @return the touched blocks
   */
  public TouchedBlocks touchedBlocks() {
    return new TouchedBlocks(lanes, mode.initialBlockSize());
  }

  /**
   * Returns the rows of one adapter.
   *
   * @param i 0 for blocks of 2 cells, 1 for 4, ...
   * @return its rows in the order of emission
   */
  public AdapterRows adapter(int i) {
    return adapters[i];
  }

  /**
   * Returns how many rows of an adapter come from the log itself, once finished.
   *
   * @param i 0 for blocks of 2 cells, 1 for 4, ...
   * @return rows before those of the finalisation pass
   */
  public long logOrderRows(int i) {
    return lanes.stream().mapToLong(lane -> lane.logOrderRows(i)).sum();
  }

  /**
   * Returns memory as it is now.
   *
   * @return a view, valid until the replay goes on or is released
   */
  public MemoryImage image() {
    return new ReplayedImage(new UsedPages(lanes), initial);
  }

  /** Returns all memory to the pool, rows that nobody has taken included. */
  public void release() {
    lanes.forEach(Lane::release);
    for (AdapterRows rows : adapters) {
      rows.release();
    }
  }
}
