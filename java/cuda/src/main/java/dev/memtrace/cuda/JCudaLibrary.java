// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads JCuda's native library, once a process. The driver must be loaded before, since the library
 * refers to it by the name libcuda.so.1.
 */
final class JCudaLibrary {
  /** The file name that JCuda looks for. */
  static final String FILE = "libJCudaDriver-12.6.0-linux-x86_64.so";

  /** Where the file lies in JCuda's jar. */
  static final String RESOURCE = "lib/" + FILE;

  private static boolean loaded;
  private static @Nullable String failure;

  private JCudaLibrary() {}

  /**
   * Loads the library.
   *
   * @param file a file of the name {@link #FILE} in a private folder
   */
  static synchronized void load(Path file) throws ReasonException {
    if (loaded) {
      return;
    }
    if (failure != null) {
      throw new ReasonException(failure);
    }
    try {
      // Tells why the library cannot be loaded, and finds symbols that the driver lacks.
      DynamicLibrary.open(file.toString());
      initialize(file, "jcuda.driver.JCudaDriver");
      loaded = true;
    } catch (DynamicLibrary.LoadException e) {
      // A later attempt may find a better folder: the JVM has seen nothing of this one.
      throw new ReasonException("JCuda's library cannot be loaded: " + e.getMessage(), e);
    } catch (ClassNotFoundException | LinkageError e) {
      // The message of this error embeds stack traces, and a class fails to initialise only once.
      String reason =
          "JCuda cannot be initialised with " + file + " (" + e.getClass().getName() + ")";
      failure = reason;
      throw new ReasonException(reason, e);
    }
  }

  /**
   * Says that JCuda may be used. Whoever calls it first has to ask: a class of JCuda that is
   * touched too early unpacks a library of its own into a folder that others may write to.
   *
   * @throws IllegalStateException if the library was not loaded from its private folder
   */
  static synchronized void requireLoaded() {
    if (!loaded) {
      throw new IllegalStateException("JCuda's library is not loaded");
    }
  }

  /**
   * Lets a class of JCuda find our file. It loads what java.library.path holds, else a file of its
   * own name in the folder that the property java.io.tmpdir names at this moment; it would trust
   * whatever lies in a shared one.
   */
  static synchronized void initialize(Path file, String className) throws ClassNotFoundException {
    String property = "java.io.tmpdir";
    String before = System.getProperty(property);
    System.setProperty(property, String.valueOf(file.toAbsolutePath().getParent()));
    try {
      Class.forName(className, true, JCudaLibrary.class.getClassLoader());
    } finally {
      if (before == null) {
        System.clearProperty(property);
      } else {
        System.setProperty(property, before);
      }
    }
  }
}
