// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.BundleManifest.Poseidon2Traces;
import dev.memtrace.bundle.BundleManifest.Stored;
import dev.memtrace.bundle.BundleManifest.WithoutRegisters;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.field.BabyBear;
import dev.memtrace.log.AccessLog;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code manifest.json}. */
final class ManifestReader {
  /** Two-adicity of p - 1: no trace is higher. */
  private static final long MAX_HEIGHT = 1L << 27;

  private static final int MAX_WIDTH = 1 << 16;

  private static final String MODE = "mode";

  /** Keys of the configuration, and the parameters that they set. */
  private static final Map<String, String> CONFIG =
      Map.of(
          "as_height", "asHeight",
          "as_offset", "asOffset",
          "pointer_max_bits", "pointerMaxBits",
          "clk_max_bits", "clkMaxBits",
          "range_max_bits", "rangeMaxBits",
          "max_access_adapter_n", "maxAccessAdapterN");

  private ManifestReader() {}

  static BundleManifest read(byte[] json, String file) {
    JsonObject root = JsonObject.parse(json, file);
    String format = root.string("format");
    if (!format.equals(BundleFormat.FORMAT)) {
      throw new BundleException(
          root.place("format")
              + " is \""
              + format
              + "\"; this version reads \""
              + BundleFormat.FORMAT
              + '"');
    }
    String name = root.string("name");
    JsonObject parameters = root.object("config");
    MemoryMode mode = mode(parameters);
    Stored log = stored(root.object("log"), "entries", AccessLog.MAX_ENTRIES);
    MemoryConfig config = config(parameters, mode, log.count());
    return new BundleManifest(
        name,
        mode,
        config,
        log,
        initialMemory(root, mode, config),
        root.has("end_timestamp")
            ? (Long) root.integer("end_timestamp", 1, config.timestampLimit() - 1)
            : null,
        root.has("airs") ? airs(root) : null,
        root.has("poseidon2") ? poseidon2(root.object("poseidon2")) : null);
  }

  private static MemoryMode mode(JsonObject config) {
    String label = config.string(MODE);
    for (MemoryMode mode : MemoryMode.values()) {
      if (mode.label().equals(label)) {
        return mode;
      }
    }
    throw new BundleException(
        config.place(MODE) + " is \"" + label + "\"; it must be \"volatile\" or \"persistent\"");
  }

  private static MemoryConfig config(JsonObject config, MemoryMode mode, long entries) {
    MemoryConfig parameters =
        new MemoryConfig(
            parameter(config, "as_height"),
            parameter(config, "as_offset"),
            parameter(config, "pointer_max_bits"),
            parameter(config, "clk_max_bits"),
            parameter(config, "range_max_bits"),
            parameter(config, "max_access_adapter_n"),
            entries);
    Set<String> known = new HashSet<>(CONFIG.keySet());
    known.add(MODE);
    config.requireOnly(known);
    try {
      return parameters.validate(mode);
    } catch (IllegalArgumentException e) {
      throw new BundleException(config.place("") + inKeys(String.valueOf(e.getMessage())), e);
    }
  }

  private static int parameter(JsonObject config, String key) {
    return (int) config.integer(key, 0, Integer.MAX_VALUE);
  }

  /** A message of the validation with the manifest's keys instead of the parameters' names. */
  private static String inKeys(String message) {
    String text = message;
    for (Map.Entry<String, String> key : CONFIG.entrySet()) {
      text = text.replace(key.getValue(), key.getKey());
    }
    return text;
  }

  private static @Nullable Stored initialMemory(
      JsonObject root, MemoryMode mode, MemoryConfig config) {
    JsonObject object = root.optionalObject("initial_memory");
    if (object == null) {
      return null;
    }
    Stored initial = stored(object, "cells", 1L << (config.asHeight() + config.pointerMaxBits()));
    if (mode == MemoryMode.VOLATILE && initial.count() != 0) {
      throw new BundleException(
          object.place("cells")
              + " is "
              + initial.count()
              + "; volatile memory starts at zero, so it must be 0; use persistent mode");
    }
    return initial;
  }

  private static Stored stored(JsonObject object, String count, long max) {
    return new Stored(fileName(object, "file"), object.integer(count, 0, max));
  }

  private static String fileName(JsonObject object, String key) {
    String name = object.string(key);
    String why = BundleFormat.whyNotPlain(name);
    if (why != null) {
      throw new BundleException(
          object.place(key)
              + " is \""
              + name
              + "\", which "
              + why
              + "; it must be the plain name of a file in the bundle");
    }
    return name;
  }

  private static List<AirTrace> airs(JsonObject root) {
    List<AirTrace> airs = new ArrayList<>();
    for (JsonObject air : root.objects("airs")) {
      long height = air.integer("height", 0, MAX_HEIGHT);
      airs.add(
          new AirTrace(
              air.string("name"),
              (int) air.integer("width", 1, MAX_WIDTH),
              height,
              air.integer("used_rows", 0, height),
              air.integer("log_order_rows", 0, height, 0),
              fileName(air, "file"),
              air.integers("public_values", BabyBear.P - 1)));
    }
    return airs;
  }

  private static Poseidon2Traces poseidon2(JsonObject object) {
    long height = object.integer("height", 0, MAX_HEIGHT);
    return new Poseidon2Traces(
        object.integer("inputs", 0, height),
        (int) object.integer("width", 1, MAX_WIDTH),
        height,
        fileName(object, "file"),
        object.has("file_r0")
            ? new WithoutRegisters(
                (int) object.integer("width_r0", 1, MAX_WIDTH), fileName(object, "file_r0"))
            : null);
  }
}
