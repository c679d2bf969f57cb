// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The mounted file systems of this process, as Linux lists them. */
final class MountTable {
  private static final Path OF_PROCESS = Path.of("/proc/self/mountinfo");
  private static final int MOUNT_POINT = 4;
  private static final int OPTIONS = 5;

  private final List<String> lines;

  /** Takes the lines of a mountinfo file. */
  MountTable(List<String> lines) {
    this.lines = lines;
  }

  /** The table of this process; empty where there is none. */
  static MountTable ofProcess() {
    try {
      return new MountTable(Files.readAllLines(OF_PROCESS));
    } catch (IOException e) {
      return new MountTable(List.of());
    }
  }

  /** Whether files in a folder, given by its real path, must not be executed or loaded. */
  boolean forbidsExecution(Path folder) {
    boolean forbidden = false;
    int depth = -1;
    for (String line : lines) {
      String[] fields = line.split(" ", -1);
      if (fields.length <= OPTIONS) {
        continue;
      }
      Path point = Path.of(unescape(fields[MOUNT_POINT]));
      // The last of several mounts on one point covers the others.
      if (folder.startsWith(point) && point.getNameCount() >= depth) {
        depth = point.getNameCount();
        forbidden = Arrays.asList(fields[OPTIONS].split(",", -1)).contains("noexec");
      }
    }
    return forbidden;
  }

  /** Blanks, tabs, line ends and backslashes are written as three octal digits. */
  private static String unescape(String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
