// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Builds lists of column names. */
final class Columns {
  private final List<String> names = new ArrayList<>();

  Columns one(String... columns) {
    Collections.addAll(names, columns);
    return this;
  }

  Columns many(String column, int count) {
    for (int i = 0; i < count; i++) {
      names.add(column + "[" + i + "]");
    }
    return this;
  }

  List<String> build() {
    return List.copyOf(names);
  }
}
