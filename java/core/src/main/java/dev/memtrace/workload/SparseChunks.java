// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.log.AccessLog;
import java.util.SplittableRandom;

/**
 * Halves of chunks, all of them visited in turn, in an order that is far from that of addresses.
 */
final class SparseChunks implements LogSource {
  private static final int ENTRIES_PER_CHUNK = 64;
  private static final int SPACES = 8;
  private static final int PAGES =
      MemoryConfig.defaults().addressSpaceSize() / MemoryConfig.PAGE_SIZE;
  private static final int CHUNKS_OF_A_PAGE = MemoryConfig.PAGE_SIZE / MemoryConfig.CHUNK;

  /** Odd, so that multiples of it modulo a power of two are distinct. */
  private static final int STEP = 0x9E3779B1;

  private final SplittableRandom random;
  private final Cells cells;
  private final int chunks;
  private int chunk;

  SparseChunks(SplittableRandom random, long entries) {
    this.random = random;
    this.cells = new Cells(random);
    // At most all pages: then chunks are visited more often.
    this.chunks = (int) Math.clamp(entries / ENTRIES_PER_CHUNK, 1, (long) SPACES * PAGES);
  }

  @Override
  public void append(AccessLog log) {
    int page = (chunk * STEP) & (SPACES * PAGES - 1);
    int inPage = ((chunk * STEP) >>> 7) % CHUNKS_OF_A_PAGE;
    int pointer =
        page % PAGES * MemoryConfig.PAGE_SIZE + inPage * MemoryConfig.CHUNK + 4 * random.nextInt(2);
    int space = 1 + page / PAGES;
    if (random.nextBoolean()) {
      log.appendWrite(space, pointer, 4, cells.bytes(4), 0);
    } else {
      log.appendRead(space, pointer, 4);
    }
    chunk = (chunk + 1) % chunks;
  }
}
