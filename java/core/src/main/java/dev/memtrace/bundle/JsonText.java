// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** JSON as manifests, digests and reports are written; equal values are equal bytes. */
public final class JsonText {
  private JsonText() {}

  /** Writes one value. */
  @FunctionalInterface
  public interface Body {
    /**
     * Writes the value.
     *
     * @param json receives it
     * @throws IOException if the receiver fails
     */
    void write(JsonGenerator json) throws IOException;
  }

  /**
   * Writes a value to memory, indented.
   *
   * @param body the value
   * @return UTF-8 with a line break at the end
   */
  public static byte[] of(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DefaultIndenter indenter = new DefaultIndenter(" ", "\n");
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter().withObjectIndenter(indenter));
      body.write(json);
      json.writeRaw('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Writes the member {@code config}.
   *
   * @param json an object that is being written
   * @param mode how memory begins and ends
   * @param config the configuration
   * @throws IOException if the receiver fails
   */
  public static void writeConfig(JsonGenerator json, MemoryMode mode, MemoryConfig config)
      throws IOException {
    json.writeObjectFieldStart("config");
    json.writeStringField("mode", mode.label());
    json.writeNumberField("as_height", config.asHeight());
    json.writeNumberField("as_offset", config.asOffset());
    json.writeNumberField("pointer_max_bits", config.pointerMaxBits());
    json.writeNumberField("clk_max_bits", config.clkMaxBits());
    json.writeNumberField("range_max_bits", config.rangeMaxBits());
    json.writeNumberField("max_access_adapter_n", config.maxAccessAdapterN());
    json.writeEndObject();
  }

  /**
   * Writes a member that is a list of numbers.
   *
   * @param json an object that is being written
   * @param key name of the member
   * @param values the numbers
   * @throws IOException if the receiver fails
   */
  public static void writeIntegers(JsonGenerator json, String key, List<Integer> values)
      throws IOException {
    json.writeArrayFieldStart(key);
    for (int value : values) {
      json.writeNumber(value);
    }
    json.writeEndArray();
  }
}
