// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.replay;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;

/** Both passes over the address spaces of one lane. */
final class Lane {
  private final BlockPass blocks;
  private final CellPass cells;
  private final BlockEvents events = new BlockEvents();
  private final long[] logOrderRows;

  Lane(BufferPool pool, MemoryMode mode, AddressMap initial, Lanes plan, int number) {
    this.blocks = new BlockPass(pool, mode, initial.config(), plan, number);
    this.cells = new CellPass(pool, initial, plan, number);
    this.logOrderRows = new long[initial.config().adapterCount()];
  }

  BlockPass blocks() {
    return blocks;
  }

  CellPass cells() {
    return cells;
  }

  /** Replays the next entry of a segment. */
  void replayEntry(LogSegment segment, int i, ReplayedWords words) {
    events.clear();
    blocks.replay(segment, i, i + 1, words.previous(), events);
    cells.replay(segment, i, i + 1, events, words.data());
  }

  /** Brings every touched block to the mode's initial size, in ascending order of addresses. */
  void finish() {
    for (int i = 0; i < logOrderRows.length; i++) {
      logOrderRows[i] = cells.adapters()[i].rows();
    }
    for (long key : blocks.blocks().pages().sortedKeys()) {
      events.clear();
      blocks.finishPage(key, events);
      cells.finish(events);
    }
  }

  /** How many rows of an adapter come from the log itself, once finished. */
  long logOrderRows(int i) {
    return logOrderRows[i];
  }

  void release() {
    blocks.release();
    cells.release();
  }
}
