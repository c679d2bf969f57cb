// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The offline replay of a log: records of all accesses, rows of all splits and merges, and the
 * blocks that were touched. Lanes of address spaces run side by side; the result is that of one.
 */
public final class Replay {
  private final BufferPool pool;
  private final MemoryMode mode;
  private final AddressMap initial;
  private final List<Replayer> lanes = new ArrayList<>();
  private final AdapterRows[] adapters;

  /**
   * Creates a replay at time 1.
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
      lanes.add(new Replayer(pool, mode, initial, plan, lane));
    }
    this.adapters = lanes.getFirst().blocks().adapters().clone();
  }

  /**
   * Replays whole log segments.
   *
   * @param workers threads that share the lanes
   * @param log the segments in order
   * @param records receives the records of each segment: log index, timestamp, previous timestamp,
   *     length, data, and for a write the previous data
   */
  public void replay(Workers workers, List<LogSegment> log, List<MemorySegment> records) {
    workers.forRange(
        lanes.size(),
        1,
        (from, to) -> {
          for (int lane = (int) from; lane < to; lane++) {
            for (int i = 0; i < log.size(); i++) {
              LogSegment segment = log.get(i);
              lanes.get(lane).replay(segment, 0, segment.entries(), 0, records.get(i), 0);
            }
          }
        });
  }

  /**
   * Replays one entry, in a replay of a single lane.
   *
   * @param segment its segment
   * @param i the entry
   * @param valueWord where its written cells begin in the segment's values
   * @param records receives its record
   * @param recordWord where in {@code records}
   */
  public void replayEntry(
      LogSegment segment, int i, int valueWord, MemorySegment records, long recordWord) {
    lanes.getFirst().replay(segment, i, i + 1, valueWord, records, recordWord);
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
        pool, lanes.stream().map(lane -> lane.blocks().adapters()[i]).toList(), fromLog);
  }

  /**
   * Returns the blocks of the mode's initial size that have a touched cell, as of now.
   *
   * @return the touched blocks
   */
  public TouchedBlocks touchedBlocks() {
    return new TouchedBlocks(blocks(), mode.initialBlockSize());
  }

  private List<BlockMap> blocks() {
    return lanes.stream().map(Replayer::blocks).toList();
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
   * @return a live view
   */
  public MemoryImage image() {
    return new ReplayedImage(new UsedPages(blocks()), initial);
  }

  /** Returns all memory to the pool. */
  public void release() {
    for (Replayer lane : lanes) {
      lane.blocks().pages().release();
    }
    for (AdapterRows rows : adapters) {
      rows.release();
    }
    if (lanes.size() > 1 && adapters[0] == lanes.getFirst().blocks().adapters()[0]) {
      // Not merged: the other lanes still own their rows.
      for (Replayer lane : lanes.subList(1, lanes.size())) {
        for (AdapterRows rows : lane.blocks().adapters()) {
          rows.release();
        }
      }
    }
  }
}
