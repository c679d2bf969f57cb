// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.log.LogSegment;
import dev.memtrace.parallel.Workers;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Runs the passes of all lanes over a log: the pass over cells of a lane follows the pass over its
 * blocks, batch by batch. Any number of threads takes part; each takes the next piece of work that
 * can be done, so that one thread alone does everything too.
 */
final class Pipeline {
  /** How many batches of a lane are under way at most, those that the passes work on included. */
  private static final int BATCHES = 4;

  private final List<LogSegment> log;
  private final List<ReplayedWords> words;
  private final List<Passes> lanes = new ArrayList<>();
  private boolean failed;

  Pipeline(List<Lane> lanes, List<LogSegment> log, List<ReplayedWords> words) {
    this.log = log;
    this.words = words;
    for (Lane lane : lanes) {
      this.lanes.add(new Passes(lane));
    }
  }

  void run(Workers workers) {
    workers.forRange(Math.min(workers.threads(), 2L * lanes.size()), 1, (_, _) -> takePart());
  }

  private void takePart() {
    try {
      for (Runnable work = next(null); work != null; work = next(work)) {
        work.run();
      }
    } catch (RuntimeException | Error e) {
      fail();
      throw e;
    }
  }

  private synchronized void fail() {
    failed = true;
    notifyAll();
  }

  /**
   * Waits for work.
   *
   * @param done what the caller has done, or null
   * @return what to do next, or null if all is done
   */
  private synchronized @Nullable Runnable next(@Nullable Runnable done) {
    if (done != null) {
      lanes.forEach(lane -> lane.finished(done));
      notifyAll();
    }
    boolean interrupted = false;
    try {
      while (!failed) {
        boolean open = false;
        for (Passes lane : lanes) {
          Runnable work = lane.take();
          if (work != null) {
            return work;
          }
          open |= lane.isOpen();
        }
        if (!open) {
          return null;
        }
        try {
          wait();
        } catch (InterruptedException e) {
          // The replay is short; whoever asked for it looks at the flag afterwards.
          interrupted = true;
        }
      }
      return null;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Entries of one segment that the pass over blocks has done.
   *
   * @param segment index of the segment
   * @param from first entry
   * @param to one past the last entry
   * @param events splits and merges of these entries
   */
  private record Batch(int segment, int from, int to, BlockEvents events) {}

  /** How far the passes of a lane are. Its methods are called under the lock. */
  private final class Passes {
    private final Lane lane;
    private final Queue<BlockEvents> free = new ArrayDeque<>();
    private final Queue<Batch> ready = new ArrayDeque<>();
    private @Nullable PassOverBlocks blocks;
    private @Nullable PassOverCells cells;

    /** Where the next pass over blocks begins. */
    private int segment;

    private int from;

    Passes(Lane lane) {
      this.lane = lane;
      for (int i = 0; i < BATCHES; i++) {
        free.add(new BlockEvents());
      }
    }

    boolean isOpen() {
      return blocks != null || cells != null || !ready.isEmpty() || segment < log.size();
    }

    @Nullable Runnable take() {
      if (cells == null && !ready.isEmpty()) {
        cells = new PassOverCells(ready.remove());
        return cells;
      }
      if (blocks == null && !free.isEmpty() && segment < log.size()) {
        blocks = new PassOverBlocks(segment, from, free.remove());
        return blocks;
      }
      return null;
    }

    @SuppressWarnings("ReferenceEquality") // which piece of work it was
    void finished(Runnable work) {
      if (work == blocks) {
        Batch batch = blocks.batch();
        blocks = null;
        ready.add(batch);
        boolean ended = batch.to == log.get(segment).entries();
        segment += ended ? 1 : 0;
        from = ended ? 0 : batch.to;
      } else if (work == cells) {
        free.add(cells.batch.events);
        cells = null;
      }
    }

    private final class PassOverBlocks implements Runnable {
      private final int segment;
      private final int from;
      private final BlockEvents events;

      /** Set by {@link #run}. */
      private int to;

      PassOverBlocks(int segment, int from, BlockEvents events) {
        this.segment = segment;
        this.from = from;
        this.events = events;
      }

      @Override
      public void run() {
        LogSegment entries = log.get(segment);
        events.clear();
        to =
            lane.blocks()
                .replay(entries, from, entries.entries(), words.get(segment).previous(), events);
      }

      Batch batch() {
        return new Batch(segment, from, to, events);
      }
    }

    private final class PassOverCells implements Runnable {
      private final Batch batch;

      PassOverCells(Batch batch) {
        this.batch = batch;
      }

      @Override
      public void run() {
        lane.cells()
            .replay(
                log.get(batch.segment),
                batch.from,
                batch.to,
                batch.events,
                words.get(batch.segment).data());
      }
    }
  }
}
