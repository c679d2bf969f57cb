// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** The targets by the names that commands take. */
enum Targets {
  ALL,
  MANIFEST,
  ACCESS_LOG,
  INITIAL_IMAGE,
  LOG_FILE,
  MEMORY_STATE,
  ELF,
  CONTROLLER,
  KERNELS;

  /** Makes the target. */
  Target make() throws IOException {
    return switch (this) {
      case ALL -> new AllTargets();
      case MANIFEST -> new ManifestTarget();
      case ACCESS_LOG -> new AccessLogTarget();
      case INITIAL_IMAGE -> new InitialImageTarget();
      case LOG_FILE -> new LogFileTarget();
      case MEMORY_STATE -> new MemoryStateTarget();
      case ELF -> new ElfTarget();
      case CONTROLLER -> new ControllerTarget();
      case KERNELS -> ControllerTarget.ofKernels();
    };
  }

  /** Whether what it needs is there: the kernels need the emulator, which needs a C++ compiler. */
  boolean isAvailable() {
    return this != KERNELS
        || Files.exists(Path.of(System.getProperty("memtrace.emulator", "none")));
  }

  /** The name of its corpus and in commands. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static Targets of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT).replace('-', '_'));
  }
}
