// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A folder for the files of the harness, removed when the process ends. In memory where that is
 * possible: bundles are synced to the disk, which would take all of the time.
 */
final class Workspace {
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private Workspace() {}

  /** Makes a new folder. */
  static Path folder() throws IOException {
    Path made =
        Files.isWritable(SHARED_MEMORY)
            ? Files.createTempDirectory(SHARED_MEMORY, "memtrace-fuzz-")
            : Files.createTempDirectory("memtrace-fuzz-");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> removeQuietly(made)));
    return made;
  }

  /** Removes a file, or a folder with what is in it. */
  static void remove(Path root) throws IOException {
    if (Files.exists(root)) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void removeQuietly(Path root) {
    try {
      remove(root);
    } catch (IOException e) {
      // a folder for temporary files is cleaned by others
    }
  }
}
