// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.workload;

import dev.memtrace.log.AccessLog;
import java.util.SplittableRandom;

/** Instructions: two operands, of which the second is an immediate at times; memory; the result. */
final class RiscvRegisters implements LogSource {
  private static final int WORKING = 8;
  private static final int ALL = 32;

  private final SplittableRandom random;
  private final Cells cells;
  private final int words;
  private int phase;
  private int hot;

  RiscvRegisters(SplittableRandom random, long entries) {
    this.random = random;
    this.cells = new Cells(random);
    this.words = Cells.window(entries / 16, 1);
  }

  @Override
  public void append(AccessLog log) {
    switch (phase) {
      case 0 -> log.appendRead(Cells.REGISTERS, working(), 4);
      case 1 -> {
        if (random.nextInt(8) == 0) {
          log.appendIncrement(1);
        } else {
          log.appendRead(Cells.REGISTERS, 4 * random.nextInt(ALL), 4);
        }
      }
      case 2 -> {
        hot = random.nextInt(16) == 0 ? random.nextInt(words) : (hot + 1) % words;
        log.appendRead(Cells.MEMORY, 4 * hot, 4);
      }
      default -> log.appendWrite(Cells.REGISTERS, working(), 4, cells.bytes(4), 0);
    }
    phase = phase == 1 && random.nextInt(4) != 0 ? 3 : (phase + 1) % 4;
  }

  private int working() {
    return 4 * (WORKING + random.nextInt(WORKING));
  }
}
