// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.Air;
import dev.memtrace.air.AirBuilder;
import dev.memtrace.air.Poseidon2Parameters;
import dev.memtrace.config.MemoryConfig;
import java.util.ArrayList;
import java.util.List;

/** The list of distinct inputs of Poseidon2: 16 elements and a multiplicity a row. */
final class Poseidon2InputsAir implements Air {
  static final String NAME = "poseidon2_inputs";
  static final int MULT = Poseidon2Parameters.WIDTH;

  private final List<String> columns;

  Poseidon2InputsAir() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < MULT; i++) {
      names.add("input[" + i + "]");
    }
    names.add("mult");
    columns = List.copyOf(names);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public long height(long rows) {
    return rows;
  }

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    builder.receive("row", RuledAir.INPUTS, builder.columns(0, MULT), builder.column(MULT));
  }
}
