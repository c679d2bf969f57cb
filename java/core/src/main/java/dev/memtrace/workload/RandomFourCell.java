// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import dev.memtrace.log.AccessLog;
import java.util.SplittableRandom;

/** Words anywhere in a region of an eighth as many words as there are entries. */
final class RandomFourCell implements LogSource {
  private static final int ENTRIES_PER_WORD = 8;

  private final SplittableRandom random;
  private final Cells cells;
  private final int words;

  RandomFourCell(SplittableRandom random, long entries) {
    this.random = random;
    this.cells = new Cells(random);
    this.words = Cells.window(entries / ENTRIES_PER_WORD, 1);
  }

  @Override
  public void append(AccessLog log) {
    int pointer = 4 * random.nextInt(words);
    if (random.nextBoolean()) {
      log.appendWrite(Cells.MEMORY, pointer, 4, cells.bytes(4), 0);
    } else {
      log.appendRead(Cells.MEMORY, pointer, 4);
    }
  }
}
