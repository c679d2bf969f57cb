// SPDX-License-Identifier: Apache-2.0
package dev.memtrace;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds files of the project from a test, wherever the test was started. */
public final class Project {
  private Project() {}

  /**
   * Returns the root of the project.
   *
   * @return the folder that holds {@code mvnw}
   */
  public static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("started outside the project");
      }
    }
    return folder;
  }
}
