// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the command, in this process or in a child, and makes bundles for it. */
final class CommandLineFixture {
  private CommandLineFixture() {}

  /** What a run printed and returned. */
  record Run(int code, String out, String err) {}

  static Run run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            args,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Run(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** A command line that runs a class in a JVM of its own. */
  static List<String> java(Class<?> main, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Fewer files of the JVM's own; the limits of the tests are for ours.
    command.addAll(List.of("-XX:-UsePerfData", "-Xshare:auto", "-Xmx1g"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(args));
    return command;
  }

  static Path bundle(Path folder, int[] log, long entries) throws IOException {
    Files.createDirectories(folder);
    ByteBuffer bytes = ByteBuffer.allocate(4 * log.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(log);
    Files.write(folder.resolve("log.bin"), bytes.array());
    Files.writeString(
        folder.resolve("manifest.json"),
        """
        {"format": "memory-trace-bundle/1", "name": "tiny",
         "config": {"mode": "persistent", "as_height": 1, "as_offset": 1, "pointer_max_bits": 22,
                    "clk_max_bits": 24, "range_max_bits": 12, "max_access_adapter_n": 8},
         "log": {"file": "log.bin", "entries": %d}}
        """
            .formatted(entries));
    return folder;
  }

  /** A read of 4 cells, a write of 2 cells, an increment by 5, an immediate read. */
  static Path small(Path folder) throws IOException {
    return bundle(folder, new int[] {0, 1, 8, 4, 1, 2, 16, 2, 7, 9, 2, 5, 0, 0, 77, 1}, 4);
  }

  /** Reads scattered over the whole address space, each of which touches a chunk of its own. */
  static Path large(Path folder, int entries) throws IOException {
    int[] log = new int[4 * entries];
    for (int i = 0; i < entries; i++) {
      log[4 * i] = 0;
      log[4 * i + 1] = 1 + (i & 1);
      log[4 * i + 2] = (i * 0x9E3779B1) >>> 10;
      log[4 * i + 3] = 1;
    }
    return bundle(folder, log, entries);
  }
}
