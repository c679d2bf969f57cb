// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import dev.memtrace.image.AddressMap;
import dev.memtrace.image.OnlineMemory;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.util.function.Consumer;

/**
 * Registers and memory of a program, with a log of the accesses. A word is 4 cells of a byte each;
 * every access has 4 aligned cells. The caller knows that the cells exist.
 *
 * <p>The cells outlive the log: {@link #takeLog} begins the next segment with memory as it is, and
 * nothing waits for the traces of the segment before.
 */
final class GuestMemory {
  /** Address space of the registers: register r lies at 4 r. */
  static final int REGISTERS = 1;

  /** Address space of memory: a byte lies at its address. */
  static final int MEMORY = 2;

  private static final int BYTES = 4;
  private static final int BYTE = 0xFF;

  private final BufferPool pool;
  private final OnlineMemory cells;
  private final int[] word = new int[BYTES];
  private AccessLog log;
  private long ticks;

  /**
   * Creates memory.
   *
   * @param initial the cells to begin with, which must not change or be released
   * @param pool where pages and log come from
   */
  GuestMemory(AddressMap initial, BufferPool pool) {
    this.pool = pool;
    this.cells = new OnlineMemory(initial, pool);
    this.log = new AccessLog(Program.CONFIG, pool);
  }

  int read(int space, int pointer) {
    int[] bytes = word;
    if (cells.holds4(space, pointer) && log.stageReadOf4(space, pointer)) {
      cells.read4(OnlineMemory.placeOf(space, pointer), bytes, 0);
    } else {
      log.appendRead(space, pointer, BYTES);
      cells.read(space, pointer, BYTES, bytes, 0);
    }
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
  }

  void write(int space, int pointer, int value) {
    int value0 = value & BYTE;
    int value1 = value >>> 8 & BYTE;
    int value2 = value >>> 16 & BYTE;
    int value3 = value >>> 24;
    if (cells.holds4(space, pointer)
        && log.stageWriteOf4(space, pointer, value0, value1, value2, value3)) {
      cells.write4(OnlineMemory.placeOf(space, pointer), value0, value1, value2, value3);
    } else {
      writeSlowly(space, pointer, value0, value1, value2, value3);
    }
  }

  private void writeSlowly(int space, int pointer, int value0, int value1, int value2, int value3) {
    int[] bytes = word;
    bytes[0] = value0;
    bytes[1] = value1;
    bytes[2] = value2;
    bytes[3] = value3;
    log.appendWrite(space, pointer, BYTES, bytes, 0);
    cells.exchange(space, pointer, BYTES, bytes, 0, bytes, 0);
  }

  /** Reads a word without an entry in the log. */
  int peek(int space, int pointer) {
    int[] bytes = word;
    if (cells.holds4(space, pointer)) {
      cells.read4(OnlineMemory.placeOf(space, pointer), bytes, 0);
    } else {
      cells.read(space, pointer, BYTES, bytes, 0);
    }
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
  }

  /** Advances the clock without an access. */
  void tick() {
    log.appendIncrement(1);
    ticks++;
  }

  long entries() {
    return log.size();
  }

  long accesses() {
    return log.size() - ticks;
  }

  /** Says who receives each part of the current log when it is full. */
  void setSegmentSink(Consumer<LogSegment> sink) {
    log.setSegmentSink(sink);
  }

  /** Hands the log over to the caller and begins another one. */
  AccessLog takeLog() {
    AccessLog next = new AccessLog(Program.CONFIG, pool);
    AccessLog taken = log;
    log = next;
    ticks = 0;
    return taken;
  }

  void release() {
    cells.release();
    log.release();
  }
}
