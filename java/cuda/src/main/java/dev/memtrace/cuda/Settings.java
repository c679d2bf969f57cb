// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the user has set.
 *
 * @param environment looks up environment variables
 * @param properties looks up system properties
 */
record Settings(
    Function<String, @Nullable String> environment, Function<String, @Nullable String> properties) {
  /** Environment variable that asks for the emulator. */
  static final String EMULATE = "MEMTRACE_EMULATE_CUDA";

  /** System property that names the library of the emulator. */
  static final String EMULATOR = "memtrace.emulator";

  /** The settings of this process. */
  static Settings ofProcess() {
    return new Settings(System::getenv, System::getProperty);
  }

  /** Whether the emulator is to stand in for a device. */
  boolean emulates() {
    return "1".equals(environment.apply(EMULATE));
  }

  /** The file or folder that a system property names; null if it is not set. */
  @Nullable Path path(String property) {
    String value = properties.apply(property);
    return value == null || value.isBlank() ? null : Path.of(value).toAbsolutePath();
  }
}
