// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.BundleManifest.Poseidon2Traces;
import dev.memtrace.bundle.BundleManifest.Stored;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Writes {@code manifest.json}; equal manifests are equal bytes. */
final class ManifestWriter {
  private ManifestWriter() {}

  /** Writes an object to memory, indented. */
  static byte[] toBytes(JsonBody body) {
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

  /** Writes one value. */
  @FunctionalInterface
  interface JsonBody {
    void write(JsonGenerator json) throws IOException;
  }

  static byte[] toBytes(BundleManifest manifest) {
    return toBytes(json -> write(json, manifest));
  }

  private static void write(JsonGenerator json, BundleManifest manifest) throws IOException {
    json.writeStartObject();
    json.writeStringField("format", BundleFormat.FORMAT);
    json.writeStringField("name", manifest.name());
    writeConfig(json, manifest.mode(), manifest.config());
    writeStored(json, "log", "entries", manifest.log());
    if (manifest.initialMemory() != null) {
      writeStored(json, "initial_memory", "cells", manifest.initialMemory());
    }
    if (manifest.endTimestamp() != null) {
      json.writeNumberField("end_timestamp", manifest.endTimestamp());
    }
    if (manifest.airs() != null) {
      writeAirs(json, manifest.airs());
      writePoseidon2(json, manifest);
    }
    json.writeEndObject();
  }

  static void writeConfig(JsonGenerator json, MemoryMode mode, MemoryConfig config)
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

  private static void writeStored(JsonGenerator json, String key, String count, Stored stored)
      throws IOException {
    json.writeObjectFieldStart(key);
    json.writeStringField("file", stored.file());
    json.writeNumberField(count, stored.count());
    json.writeEndObject();
  }

  private static void writeAirs(JsonGenerator json, List<AirTrace> airs) throws IOException {
    json.writeArrayFieldStart("airs");
    for (AirTrace air : airs) {
      json.writeStartObject();
      json.writeStringField("name", air.name());
      json.writeNumberField("width", air.width());
      json.writeNumberField("height", air.height());
      json.writeNumberField("used_rows", air.usedRows());
      json.writeNumberField("log_order_rows", air.logOrderRows());
      json.writeStringField("file", air.file());
      writeIntegers(json, "public_values", air.publicValues());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static void writeIntegers(JsonGenerator json, String key, List<Integer> values)
      throws IOException {
    json.writeArrayFieldStart(key);
    for (int value : values) {
      json.writeNumber(value);
    }
    json.writeEndArray();
  }

  private static void writePoseidon2(JsonGenerator json, BundleManifest manifest)
      throws IOException {
    Poseidon2Traces traces = manifest.poseidon2();
    if (traces == null) {
      json.writeNullField("poseidon2");
      return;
    }
    json.writeObjectFieldStart("poseidon2");
    json.writeNumberField("inputs", traces.inputs());
    json.writeNumberField("width", traces.width());
    json.writeNumberField("height", traces.height());
    json.writeStringField("file", traces.file());
    if (traces.trace0() != null) {
      json.writeNumberField("width_r0", traces.trace0().width());
      json.writeStringField("file_r0", traces.trace0().file());
    }
    json.writeEndObject();
  }
}
