// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads cuBLAS and JCublas, once a process, on top of its driver. cuBLAS comes with an installed
 * CUDA toolkit; nothing but speed depends on it.
 */
final class CublasLibrary {
  /** The name by which JCublas asks for cuBLAS. */
  static final String NAME = "libcublas.so.12";

  /** The file name that JCublas looks for. */
  static final String FILE = "libJCublas2-12.6.0-linux-x86_64.so";

  /** Where the file lies in the jar of JCublas. */
  static final String RESOURCE = "lib/" + FILE;

  /** File name of the stand-in, beside the emulator. */
  private static final String EMULATED = "libmemtrace-cublas-emulator.so";

  private static boolean loaded;
  private static @Nullable String failure;

  private CublasLibrary() {}

  /**
   * Loads both libraries, unless that has been done.
   *
   * @param installation where they are
   * @param emulated whether the driver is the emulator, which has a cuBLAS of its own
   */
  static synchronized void load(CudaInstallation installation, boolean emulated)
      throws ReasonException {
    if (loaded) {
      return;
    }
    if (failure != null) {
      throw new ReasonException(failure);
    }
    try {
      byte[] content = installation.jar().jcublas();
      DynamicLibrary.open(emulated ? emulated(installation.settings()) : NAME);
      Path file = CudaLibraries.unpack(installation.nativeFiles(), FILE, content);
      // Tells why the library cannot be loaded, and finds symbols that cuBLAS lacks.
      DynamicLibrary.open(file.toString());
      JCudaLibrary.initialize(file, "jcuda.jcublas.JCublas2");
      loaded = true;
    } catch (DynamicLibrary.LoadException e) {
      // A later attempt may find more: the JVM has seen nothing of this one.
      throw new ReasonException("cuBLAS cannot be loaded: " + e.getMessage(), e);
    } catch (ClassNotFoundException | LinkageError e) {
      // The message of such an error embeds stack traces.
      String reason = "JCublas cannot be initialised (" + e.getClass().getName() + ")";
      failure = reason;
      throw new ReasonException(reason, e);
    }
  }

  private static String emulated(Settings settings) throws ReasonException {
    Path emulator = settings.path(Settings.EMULATOR);
    if (emulator == null) {
      throw new ReasonException("no emulator is named");
    }
    return emulator.resolveSibling(EMULATED).toString();
  }
}
