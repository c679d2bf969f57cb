// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

  /** Writes one value. */
  @FunctionalInterface
  interface Body {
    void write(JsonGenerator json) throws IOException;
  }

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
    if (!Files.isWritable(Files.exists(path) ? path : parent)) {
      throw new RefusedException(file + ": permission denied; choose another file for --json");
    }
  }

  /** Writes the result where the option says, if it was given. */
  void write(Console console, Body body) {
    if (file != null) {
      write(console, toText(body));
    }
  }

  /** Writes finished JSON where the option says, if it was given. */
  void write(Console console, String json) {
    if (file == null) {
      return;
    }
    if (replacesText()) {
      console.out().print(json);
      console.out().flush();
      return;
    }
    try {
      Files.writeString(Path.of(file), json);
    } catch (IOException e) {
      throw new RefusedException(
          file + ": the JSON cannot be written: " + e.getMessage() + "; all else is done", e);
    }
  }

  private static String toText(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
      json.setPrettyPrinter(new DefaultPrettyPrinter().withObjectIndenter(indenter));
      body.write(json);
      json.writeRaw('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
