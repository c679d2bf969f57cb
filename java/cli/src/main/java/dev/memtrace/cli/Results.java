// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.bundle.JsonText;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Parts of results that several commands have. */
final class Results {
  private Results() {}

  static String label(Stage stage) {
    return stage.name().toLowerCase(Locale.ROOT);
  }

  static String seconds(Duration time) {
    return String.format(Locale.ROOT, "%.3f s", time.toNanos() / 1e9);
  }

  /** Text from a bundle, which nobody trusts, without what would steer a terminal. */
  static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** A root as eight field elements in hexadecimal. */
  static String root(List<Integer> root) {
    return root.stream()
        .map(element -> String.format(Locale.ROOT, "%08x", element))
        .collect(Collectors.joining(" "));
  }

  static void writeSeconds(JsonGenerator json, String key, Duration time) throws IOException {
    json.writeNumberField(key, time.toNanos() / 1e9);
  }

  static void writeRoot(JsonGenerator json, String key, List<Integer> root) throws IOException {
    if (root.isEmpty()) {
      return;
    }
    JsonText.writeIntegers(json, key, root);
  }

  static String config(MemoryMode mode, MemoryConfig config) {
    return "%s, as_height %d, as_offset %d, pointer_max_bits %d, clk_max_bits %d, range_max_bits %d, max_access_adapter_n %d"
        .formatted(
            mode.label(),
            config.asHeight(),
            config.asOffset(),
            config.pointerMaxBits(),
            config.clkMaxBits(),
            config.rangeMaxBits(),
            config.maxAccessAdapterN());
  }
}
