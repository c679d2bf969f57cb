// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What the jars on the class path hold beside classes. */
final class JarContent {
  /** File name of the collective algorithms. */
  static final String ALGORITHMS = "libmemtrace-device-algorithms.so";

  private static final String FOLDER = "dev/memtrace/cuda/";
  private static final String IMAGE = FOLDER + "memtrace.fatbin";
  private static final String DESCRIPTION = FOLDER + "memtrace.targets";

  private final Function<String, @Nullable InputStream> resources;

  /**
   * Takes a way to open resources.
   *
   * @param resources gives null for what does not exist
   */
  JarContent(Function<String, @Nullable InputStream> resources) {
    this.resources = resources;
  }

  /** The content of the class path of this class. */
  static JarContent ofProcess() {
    ClassLoader loader = JarContent.class.getClassLoader();
    return new JarContent(
        loader == null ? ClassLoader::getSystemResourceAsStream : loader::getResourceAsStream);
  }

  /** The kernels. */
  KernelImage kernels() throws ReasonException {
    byte[] image = find(IMAGE);
    byte[] description = find(DESCRIPTION);
    if (image == null || description == null) {
      throw new ReasonException(
          "this jar has no kernels: it was built without nvcc; build it where the CUDA toolkit is"
              + " installed");
    }
    try {
      return KernelImage.of(image, new String(description, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new ReasonException(DESCRIPTION + " in the jar is broken: " + e.getMessage(), e);
    }
  }

  /** The collective algorithms. */
  byte[] algorithms() throws ReasonException {
    return require(
        FOLDER + ALGORITHMS, ALGORITHMS + " is not in this jar: it was built without nvcc");
  }

  /** JCuda's native library. */
  byte[] jcuda() throws ReasonException {
    return require(
        JCudaLibrary.RESOURCE,
        JCudaLibrary.FILE
            + " is not on the class path: add the jar jcuda-natives for linux-x86_64");
  }

  /** The native library of JCublas. */
  byte[] jcublas() throws ReasonException {
    return require(
        CublasLibrary.RESOURCE,
        CublasLibrary.FILE
            + " is not on the class path: add the jar jcublas-natives for linux-x86_64");
  }

  private byte[] require(String name, String reason) throws ReasonException {
    byte[] content = find(name);
    if (content == null) {
      throw new ReasonException(reason);
    }
    return content;
  }

  private byte @Nullable [] find(String name) throws ReasonException {
    try (InputStream in = resources.apply(name)) {
      return in == null ? null : in.readAllBytes();
    } catch (IOException e) {
      throw new ReasonException(name + " cannot be read from its jar: " + e.getMessage(), e);
    }
  }
}
