// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA driver of this process: NVIDIA's or the emulator. Both have the name libcuda.so.1, and
 * JCuda binds to the one that was loaded first, so a process has only one of them.
 */
final class LoadedDriver {
  /** The name by which the dynamic linker knows the driver. */
  static final String NAME = "libcuda.so.1";

  private static @Nullable DriverLibrary loaded;

  private LoadedDriver() {}

  /** Loads NVIDIA's driver. */
  static synchronized DriverLibrary nvidia() throws ReasonException {
    DriverLibrary present = loaded;
    if (present != null) {
      if (present.emulated()) {
        throw new ReasonException(
            "this process runs the emulator of the CUDA driver; a GPU needs a process of its own");
      }
      return present;
    }
    DynamicLibrary library;
    try {
      library = DynamicLibrary.open(NAME);
    } catch (DynamicLibrary.LoadException e) {
      throw new ReasonException(whyNot(e), e);
    }
    return bind(library, false);
  }

  private static String whyNot(DynamicLibrary.LoadException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("No such file") && message.startsWith(NAME)
        ? NAME + " was not found: install the NVIDIA driver, 580 or later"
        : NAME + " cannot be loaded: " + message;
  }

  /** Loads the emulator. */
  static synchronized DriverLibrary emulator(Settings settings) throws ReasonException {
    DriverLibrary present = loaded;
    if (present != null) {
      if (!present.emulated()) {
        throw new ReasonException(
            "this process has loaded the NVIDIA driver; the emulator needs a process of its own");
      }
      return present;
    }
    Path file = settings.path(Settings.EMULATOR);
    if (file == null) {
      throw new ReasonException(
          Settings.EMULATE
              + "=1, but no emulator is named: start ./memtrace, which builds it, or set -D"
              + Settings.EMULATOR
              + "=FILE");
    }
    if (!Files.isRegularFile(file)) {
      throw new ReasonException(
          "the emulator " + file + " does not exist: build it with native/build.sh");
    }
    try {
      return bind(DynamicLibrary.open(file.toString()), true);
    } catch (DynamicLibrary.LoadException e) {
      throw new ReasonException("the emulator cannot be loaded: " + e.getMessage(), e);
    }
  }

  private static DriverLibrary bind(DynamicLibrary library, boolean emulated)
      throws ReasonException {
    try {
      DriverLibrary driver = new DriverLibrary(library, emulated);
      loaded = driver;
      return driver;
    } catch (DynamicLibrary.LoadException e) {
      throw new ReasonException(
          e.getMessage() + ": it is too old; install the NVIDIA driver, 580 or later", e);
    }
  }
}
