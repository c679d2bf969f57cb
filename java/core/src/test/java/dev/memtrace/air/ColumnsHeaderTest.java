// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Keeps the column offsets of the kernels equal to the declarations in Java. */
class ColumnsHeaderTest {
  @Test
  void theHeaderOfTheKernelsIsDerivedFromTheAirs() throws IOException {
    Path header = Project.root().resolve("cuda-kernels/include/memtrace/columns.cuh");
    if (Boolean.getBoolean("memtrace.update")) {
      Files.createDirectories(header.getParent());
      Files.writeString(header, render());
    }
    assertThat(Files.readString(header))
        .as("%s; write it anew with -Dmemtrace.update=true", header)
        .isEqualTo(render());
  }

  private static String render() {
    StringBuilder out =
        new StringBuilder(
            """
            // SPDX-License-Identifier: Apache-2.0
            // Column offsets of every AIR, derived from dev.memtrace.air by ColumnsHeaderTest. Do not edit.
            #pragma once

            namespace memtrace::columns {
            """);
    space(out, "volatile_boundary", new VolatileBoundaryAir());
    space(out, "persistent_boundary", new PersistentBoundaryAir());
    space(out, "merkle", new MerkleAir());
    for (int n = 2; n <= 32; n *= 2) {
      space(out, "access_adapter_" + n, new AccessAdapterAir(n));
    }
    space(out, "poseidon2_1", new Poseidon2Air(1));
    space(out, "poseidon2_0", new Poseidon2Air(0));
    return out.append("}  // namespace memtrace::columns\n").toString();
  }

  private static void space(StringBuilder out, String name, Air air) {
    out.append("\nnamespace ").append(name).append(" {\n");
    for (Map.Entry<String, Integer> column : firstOfEachGroup(air.columns()).entrySet()) {
      out.append(
          String.format(
              Locale.ROOT,
              "constexpr int %s = %d;%n",
              column.getKey().toUpperCase(Locale.ROOT),
              column.getValue()));
    }
    out.append(String.format(Locale.ROOT, "constexpr int WIDTH = %d;%n", air.width()));
    out.append("}  // namespace ").append(name).append('\n');
  }

  /** Maps {@code values[0], values[1], ...} to one name. */
  private static Map<String, Integer> firstOfEachGroup(List<String> columns) {
    Map<String, Integer> first = new LinkedHashMap<>();
    for (int i = 0; i < columns.size(); i++) {
      first.putIfAbsent(columns.get(i).replaceAll("\\[\\d+]", ""), i);
    }
    return first;
  }
}
