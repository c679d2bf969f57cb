// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.BackendFact;
import dev.memtrace.backend.BackendUnavailableException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Opens a device in a process that has loaded nothing yet, and prints its name or all reasons.
 * Arguments: {@code auto}, {@code named}, {@code facts} or {@code cublas}, which opens cuBLAS too;
 * the description of kernels that the jar is to have, {@code none} for none, or {@code real} for
 * what the build has put there.
 */
final class OpeningProcess {
  private OpeningProcess() {}

  public static void main(String[] args) {
    CudaInstallation installation = new CudaInstallation(Settings.ofProcess(), jar(args[1]));
    if (args[0].equals("facts")) {
      for (BackendFact fact : installation.describe()) {
        System.out.println(fact.key() + " = " + fact.value());
      }
      return;
    }
    for (int i = 0; i < 2; i++) { // the second time must not differ
      try (CudaDevice device = installation.open(args[0].equals("auto"));
          CudaStream stream = device.openStream()) {
        stream.allocateZeroed(1000, "test").close();
        System.out.println(
            (device.emulated() ? "emulated " : "device ") + device.computeCapability());
        if (args[0].equals("cublas")) {
          multiply(device, installation);
        }
      } catch (BackendUnavailableException e) {
        e.reasons().forEach(reason -> System.out.println("- " + reason));
      }
    }
  }

  /** Multiplies ones by twos. */
  private static void multiply(CudaDevice device, CudaInstallation installation) {
    try (Cublas cublas = Cublas.open(device, installation);
        CudaStream stream = device.openStream();
        DeviceBuffer ones = stream.allocate(16, "test");
        DeviceBuffer twos = stream.allocate(16, "test");
        DeviceBuffer products = stream.allocate(64, "test")) {
      stream.fill(ones, 0, 16, (byte) 1);
      stream.fill(twos, 0, 16, (byte) 2);
      cublas.multiply(stream, 4, 4, 4, ones.address(), twos.address(), products.address());
      System.out.println("product " + CudaFixture.read(stream, products)[15]);
    } catch (ReasonException e) {
      System.out.println("- " + e.reason());
    }
  }

  /** A jar whose kernels and algorithms are those in the emulator. */
  private static JarContent jar(String description) {
    JarContent real = JarContent.ofProcess();
    if (description.equals("real")) {
      return real;
    }
    return new JarContent(
        name -> {
          try {
            return switch (name) {
              case JCudaLibrary.RESOURCE -> new ByteArrayInputStream(real.jcuda());
              case CublasLibrary.RESOURCE ->
                  Boolean.getBoolean("test.jcublas")
                      ? new ByteArrayInputStream(real.jcublas())
                      : null;
              default -> ours(name, description);
            };
          } catch (ReasonException e) {
            throw new AssertionError(e);
          }
        });
  }

  private static @Nullable InputStream ours(String name, String description) {
    if (description.equals("none")) {
      return null;
    }
    try {
      byte[] content =
          name.endsWith(".fatbin")
              ? KernelImage.emulated().image()
              : name.endsWith(".targets")
                  ? description.getBytes(StandardCharsets.UTF_8)
                  : Files.readAllBytes(Path.of(System.getProperty("test.algorithms")));
      return new ByteArrayInputStream(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
