// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import dev.memtrace.log.AccessLog;
import java.util.SplittableRandom;

/** Ranges of any size and alignment in a region of as many cells as there are entries. */
final class UnalignedMix implements LogSource {
  private static final int LARGEST = 32;
  private static final int SIZES = 6;

  private final SplittableRandom random;
  private final Cells cells;
  private final int places;

  UnalignedMix(SplittableRandom random, long entries) {
    this.random = random;
    this.cells = new Cells(random);
    this.places = Cells.window(entries, LARGEST) - LARGEST + 1;
  }

  @Override
  public void append(AccessLog log) {
    int n = 1 << random.nextInt(SIZES);
    int pointer = random.nextInt(places);
    if (random.nextBoolean()) {
      log.appendWrite(Cells.MEMORY, pointer, n, cells.bytes(n), 0);
    } else {
      log.appendRead(Cells.MEMORY, pointer, n);
    }
  }
}
