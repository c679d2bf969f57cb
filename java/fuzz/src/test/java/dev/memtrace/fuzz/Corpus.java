// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The inputs of a target that are tried in each build: its seeds, and the files in {@code
 * src/test/resources/corpus/TARGET}, among them every input that was a finding once. Kernels and
 * controller have the same.
 */
final class Corpus {
  private static final Path FOLDER = Path.of("src", "test", "resources", "corpus");

  private Corpus() {}

  /** The inputs by name. */
  static Map<String, byte[]> of(Targets name, Target target) throws IOException {
    Map<String, byte[]> inputs = new TreeMap<>();
    int number = 0;
    for (byte[] seed : target.seeds()) {
      inputs.put("seed-" + number++, seed);
    }
    Path folder =
        FOLDER.resolve(name == Targets.KERNELS ? Targets.CONTROLLER.label() : name.label());
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          inputs.put(file.getFileName().toString(), Files.readAllBytes(file));
        }
      }
    }
    return inputs;
  }
}
