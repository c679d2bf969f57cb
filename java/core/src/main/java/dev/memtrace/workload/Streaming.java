// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.AccessLog;
import java.util.SplittableRandom;

/** Reads a word of the first half of memory, writes the same word of the second. */
final class Streaming implements LogSource {
  private static final int PASSES = 16;
  private static final int TARGET = MemoryConfig.defaults().addressSpaceSize() / 2;

  private final Cells cells;
  private final int words;
  private int word;
  private boolean write;

  Streaming(SplittableRandom random, long entries) {
    this.cells = new Cells(random);
    this.words = Cells.window(entries / (2 * PASSES), 1);
  }

  @Override
  public void append(AccessLog log) {
    if (write) {
      log.appendWrite(Cells.MEMORY, TARGET + 4 * word, 4, cells.bytes(4), 0);
      word = (word + 1) % words;
    } else {
      log.appendRead(Cells.MEMORY, 4 * word, 4);
    }
    write = !write;
  }
}
