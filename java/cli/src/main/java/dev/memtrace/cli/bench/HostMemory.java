// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;

/** What Linux tells about memory; elsewhere nothing is known. */
final class HostMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");
  private static final Path MACHINE = Path.of("/proc/meminfo");

  private HostMemory() {}

  /** Lets {@link #peak} begin anew; false if it cannot, and so is the peak of the whole process. */
  static boolean resetPeak() {
    return resetPeak(CLEAR);
  }

  /** As {@link #resetPeak()}, by that file. */
  static boolean resetPeak(Path file) {
    try {
      Files.writeString(file, "5", StandardOpenOption.WRITE);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Bytes that were resident at most since the last reset. */
  static OptionalLong peak() {
    return read(STATUS, "VmHWM:");
  }

  /** Bytes that programs can still take. */
  static OptionalLong available() {
    return read(MACHINE, "MemAvailable:");
  }

  private static OptionalLong read(Path file, String key) {
    try {
      for (String line : Files.readAllLines(file)) {
        if (line.startsWith(key)) {
          String kib = line.substring(key.length()).replace("kB", "").strip();
          return OptionalLong.of(1024 * Long.parseLong(kib));
        }
      }
    } catch (IOException | NumberFormatException e) {
      // not Linux
    }
    return OptionalLong.empty();
  }
}
