// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.durable.LogFileHeader;
import dev.memtrace.durable.LogFileWriter;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;

/**
 * A process that does the same over and over until it is killed. Each line of output is a round.
 */
final class KillVictim {
  static final int LOG_ENTRIES = 400_000;
  private static final int ENTRIES_PER_SYNC = 9000;
  private static final int P = 2013265921;

  private KillVictim() {}

  /**
   * Repeats commands in turn, or writes logs.
   *
   * @param args "log" and a file; or arguments of commands, with "then" between two commands
   */
  @SuppressWarnings("SystemOut") // tells the test how far this is
  public static void main(String[] args) {
    while (true) {
      if (args[0].equals("log")) {
        System.out.println("synced 0");
        writeLog(Path.of(args[1]), entries -> System.out.println("synced " + entries));
      } else {
        for (List<String> command = Arrays.asList(args); !command.isEmpty(); ) {
          int end = command.indexOf("then");
          List<String> now = end < 0 ? command : command.subList(0, end);
          command = end < 0 ? List.of() : command.subList(end + 1, command.size());
          CommandLineFixture.Run run = CommandLineFixture.run(now.toArray(String[]::new));
          if (run.code() != 0) {
            System.err.println(run.err());
            System.exit(run.code());
          }
        }
      }
      System.out.println("round");
    }
  }

  /** Writes a log that is always the same, block by block, and replaces one in its place. */
  static void writeLog(Path file, LongConsumer synced) {
    MemoryConfig config = MemoryConfig.defaults();
    LogFileHeader header = new LogFileHeader(MemoryMode.VOLATILE, config, true);
    SplittableRandom random = new SplittableRandom(5);
    AccessLog log = new AccessLog(config, BufferPool.shared());
    int[] values = new int[32];
    try (LogFileWriter writer = LogFileWriter.create(file, header, true, BufferPool.shared())) {
      log.setSegmentSink(writer);
      for (int i = 1; i <= LOG_ENTRIES; i++) {
        int n = 1 << random.nextInt(6);
        if (random.nextBoolean()) {
          log.appendRead(1 + random.nextInt(8), random.nextInt(1 << 28), n);
        } else {
          Arrays.setAll(values, _ -> random.nextInt(P));
          log.appendWrite(1 + random.nextInt(8), random.nextInt(1 << 28), n, values, 0);
        }
        if (i % ENTRIES_PER_SYNC == 0) {
          writer.sync(log);
          synced.accept(i);
        }
      }
      writer.finish(log);
    } finally {
      log.release();
    }
  }
}
