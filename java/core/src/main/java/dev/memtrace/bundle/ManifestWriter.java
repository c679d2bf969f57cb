// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.BundleManifest.Poseidon2Traces;
import dev.memtrace.bundle.BundleManifest.Stored;
import java.io.IOException;
import java.util.List;

/** Writes {@code manifest.json}; equal manifests are equal bytes. */
final class ManifestWriter {
  private ManifestWriter() {}

  static byte[] toBytes(BundleManifest manifest) {
    return JsonText.of(json -> write(json, manifest));
  }

  private static void write(JsonGenerator json, BundleManifest manifest) throws IOException {
    json.writeStartObject();
    json.writeStringField("format", BundleFormat.FORMAT);
    json.writeStringField("name", manifest.name());
    JsonText.writeConfig(json, manifest.mode(), manifest.config());
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
      JsonText.writeIntegers(json, "public_values", air.publicValues());
      json.writeEndObject();
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
