// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.bundle.JsonText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --json}, the same on every command. */
final class JsonOption {
  private static final String STANDARD_OUTPUT = "-";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the result as JSON to FILE, or to standard output if it is -.")
  private @Nullable String file;

  /** Whether JSON takes the place of the text on standard output. */
  boolean replacesText() {
    return STANDARD_OUTPUT.equals(file);
  }

  /** Refuses a file that cannot be written, before any work is done. */
  void check() {
    if (file == null || replacesText()) {
      return;
    }
    Path path = Path.of(file).toAbsolutePath();
    Path parent = path.getParent();
    if (Files.isDirectory(path)) {
      throw new RefusedException(file + ": is a folder; --json takes a file");
    }
    if (parent == null || !Files.isDirectory(parent)) {
      throw new RefusedException(file + ": its folder does not exist; make it first");
    }
    boolean inPlace = Files.exists(path) && !Files.isRegularFile(path);
    if (!Files.isWritable(inPlace ? path : parent)
        || (Files.exists(path) && !Files.isWritable(path))) {
      throw new RefusedException(file + ": permission denied; choose another file for --json");
    }
  }

  /** Refuses a file in a folder that a command makes, which must hold nothing else. */
  void checkOutside(Path folder) {
    if (file == null || replacesText() || !Files.isDirectory(folder)) {
      return;
    }
    try {
      Path parent = Path.of(file).toAbsolutePath().getParent();
      if (parent != null && parent.toRealPath().startsWith(folder.toRealPath())) {
        throw new RefusedException(
            file + ": lies in the folder of --out; choose another file for --json");
      }
    } catch (IOException e) {
      throw new RefusedException(file + ": its folder cannot be read: " + e.getMessage(), e);
    }
  }

  /** Writes the result where the option says, if it was given. */
  void write(Console console, JsonText.Body body) {
    try (Pending pending = pending()) {
      pending.prepare(body);
      pending.publish(console);
    }
  }

  /** Writes finished JSON where the option says, if it was given. */
  void write(Console console, String json) {
    try (Pending pending = pending()) {
      pending.prepare(json);
      pending.publish(console);
    }
  }

  /** Begins to write the result where the option says. */
  Pending pending() {
    return new Pending();
  }

  /**
   * A result on its way: written beside the file first, so that nothing but a renaming is left when
   * all else is done. Devices and pipes get it at the end.
   */
  final class Pending implements AutoCloseable {
    private String json = "";
    private @Nullable Path temporary;
    private @Nullable Path target;

    void prepare(JsonText.Body body) {
      if (file != null) {
        prepare(new String(JsonText.of(body), StandardCharsets.UTF_8));
      }
    }

    void prepare(String text) {
      json = text;
      if (file == null || replacesText()) {
        return;
      }
      try {
        Path path = Path.of(file).toAbsolutePath();
        Path real = Files.exists(path) ? path.toRealPath() : path;
        target = real;
        if (!Files.exists(real) || Files.isRegularFile(real)) {
          Path beside =
              real.resolveSibling("." + real.getFileName() + "." + UUID.randomUUID() + ".tmp");
          temporary = beside;
          Files.writeString(beside, text, StandardOpenOption.CREATE_NEW);
        }
      } catch (IOException e) {
        throw new RefusedException(
            file + ": the JSON cannot be written: " + e.getMessage() + "; choose another file", e);
      }
    }

    void publish(Console console) {
      if (file == null) {
        return;
      }
      if (target == null) {
        console.out().print(json);
        console.out().flush();
        return;
      }
      try {
        if (temporary == null) {
          Files.writeString(target, json);
        } else {
          Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
          temporary = null;
        }
      } catch (IOException e) {
        throw new RefusedException(
            file + ": the JSON cannot be written: " + e.getMessage() + "; all else is done", e);
      }
    }

    /** Removes what was not published. */
    @Override
    public void close() {
      if (temporary != null) {
        try {
          Files.deleteIfExists(temporary);
        } catch (IOException e) {
          // a file that nobody reads is left
        }
      }
    }
  }
}
