// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A process that says whether a file is free for it to lock. */
final class LockProbe {
  private static final int FREE = 10;
  private static final int IN_USE = 11;

  private LockProbe() {}

  /** Ends with one of the two exit codes. */
  public static void main(String[] args) throws IOException {
    boolean free;
    try (FileChannel channel = FileChannel.open(Path.of(args[0]), StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      free = lock != null;
    }
    System.exit(free ? FREE : IN_USE);
  }

  /** What another process finds: "free" or "in use". */
  static String ask(Path file) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                LockProbe.class.getName(),
                file.toString())
            .inheritIO()
            .start();
    return switch (process.waitFor()) {
      case FREE -> "free";
      case IN_USE -> "in use";
      default -> "no answer";
    };
  }
}
