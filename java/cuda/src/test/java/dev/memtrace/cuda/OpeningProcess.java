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
 * Arguments: {@code auto}, {@code named} or {@code facts}; the description of kernels that the jar
 * is to have, {@code none} for none, or {@code real} for what the build has put there.
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
      } catch (BackendUnavailableException e) {
        e.reasons().forEach(reason -> System.out.println("- " + reason));
      }
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
            return name.startsWith("lib/")
                ? new ByteArrayInputStream(real.jcuda())
                : ours(name, description);
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
