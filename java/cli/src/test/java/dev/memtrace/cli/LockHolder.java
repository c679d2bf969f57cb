// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A process that holds a lock until its standard input ends. */
final class LockHolder {
  private LockHolder() {}

  @SuppressWarnings("SystemOut") // tells the test that the lock is held
  public static void main(String[] args) throws IOException {
    try (FileChannel channel =
            FileChannel.open(
                Path.of(args[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      System.out.println(lock.isValid());
      while (System.in.read() >= 0) {
        // wait
      }
    }
  }
}
