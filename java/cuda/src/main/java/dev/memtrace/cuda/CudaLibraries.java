// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.natives.NativeFiles;
import dev.memtrace.natives.NativeFilesException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** JCuda's library and the collective algorithms: loaded once a process, on top of its driver. */
final class CudaLibraries {
  private static @Nullable AlgorithmsLibrary loaded;

  private CudaLibraries() {}

  /**
   * Loads both libraries, unless that has been done.
   *
   * @param probe what has been found so far; receives the reasons if something is missing
   * @param installation where they are
   * @param emulated whether the algorithms are those of the emulator
   * @return the algorithms; null if there are reasons why the backend cannot work
   */
  static synchronized @Nullable AlgorithmsLibrary load(
      CudaDriverProbe probe, CudaInstallation installation, boolean emulated) {
    DriverLibrary driver = probe.driver();
    if (driver != null && loaded != null) {
      return loaded;
    }
    JarContent jar = installation.jar();
    byte[] jcuda = probe.find(jar::jcuda);
    byte[] algorithms = emulated ? new byte[0] : probe.find(jar::algorithms);
    NativeFiles files = probe.find(installation::nativeFiles);
    if (driver == null || jcuda == null || algorithms == null || files == null) {
      return null;
    }
    if (!probe.reasons().isEmpty()) {
      return null; // an old driver, say, would only give further reasons here
    }
    AlgorithmsLibrary bound = probe.find(() -> bind(driver, files, algorithms));
    Boolean initialised =
        probe.find(
            () -> {
              JCudaLibrary.load(unpack(files, JCudaLibrary.FILE, jcuda));
              return true;
            });
    if (bound != null && initialised != null) {
      loaded = bound;
    }
    return loaded;
  }

  private static AlgorithmsLibrary bind(DriverLibrary driver, NativeFiles files, byte[] content)
      throws ReasonException {
    try {
      return AlgorithmsLibrary.bind(
          driver.emulated()
              ? driver.library()
              : DynamicLibrary.open(unpack(files, JarContent.ALGORITHMS, content).toString()));
    } catch (DynamicLibrary.LoadException e) {
      throw new ReasonException("the device algorithms cannot be loaded: " + e.getMessage(), e);
    }
  }

  static Path unpack(NativeFiles files, String name, byte[] content) throws ReasonException {
    try {
      return files.unpack(name, content);
    } catch (NativeFilesException e) {
      throw new ReasonException(e.reason(), e);
    }
  }
}
