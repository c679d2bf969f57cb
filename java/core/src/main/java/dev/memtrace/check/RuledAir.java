// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.Air;
import dev.memtrace.air.AirBuilder;
import dev.memtrace.air.Bus;
import dev.memtrace.air.Expression;
import dev.memtrace.air.MerkleAir;
import dev.memtrace.air.Poseidon2Air;
import dev.memtrace.config.MemoryConfig;
import java.util.List;
import java.util.function.Consumer;

/**
 * An AIR with rules that hold for its traces and are no constraints of it.
 *
 * @param air the AIR
 * @param rules declares the rules
 */
record RuledAir(Air air, Consumer<AirBuilder> rules) implements Air {
  /** Compares the inputs of the Poseidon2 trace with the list of inputs. */
  static final Bus INPUTS = new Bus("poseidon2_inputs", true);

  /** The memory tree whose root has the labels 0. */
  static RuledAir merkle(MerkleAir air) {
    return new RuledAir(
        air,
        builder -> {
          Expression root = builder.column(MerkleAir.IS_ROOT);
          builder.assertZero(
              "rule: the as_label of a root is 0", root.times(builder.column(MerkleAir.AS_LABEL)));
          builder.assertZero(
              "rule: the address_label of a root is 0",
              root.times(builder.column(MerkleAir.ADDRESS_LABEL)));
        });
  }

  /** The Poseidon2 periphery, whose rows are those of the list of inputs. */
  static RuledAir poseidon2(Poseidon2Air air) {
    return new RuledAir(
        air,
        builder ->
            builder.send(
                "input",
                INPUTS,
                builder.columns(Poseidon2Air.INPUT, 16),
                builder.column(air.mult())));
  }

  @Override
  public String name() {
    return air.name();
  }

  @Override
  public List<String> columns() {
    return air.columns();
  }

  @Override
  public int publicValues() {
    return air.publicValues();
  }

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    air.declare(config, builder);
    rules.accept(builder);
  }
}
