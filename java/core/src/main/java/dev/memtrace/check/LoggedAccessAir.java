// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.Air;
import dev.memtrace.air.AirBuilder;
import dev.memtrace.air.Bus;
import dev.memtrace.air.Expression;
import dev.memtrace.config.MemoryConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * What an honest chip proves of the accesses of the log of one size: a row an access, of which the
 * log and its record give the access and {@code aux.bin}, if it is there, the auxiliary columns.
 */
final class LoggedAccessAir implements Air {
  static final int SPACE = 0;
  static final int POINTER = 1;
  static final int TIMESTAMP = 2;
  static final int RECORDED = 3;
  static final int IN_MEMORY = 4;
  static final int DATA = 5;
  static final int AUX_WIDTH = 5;

  private final int n;
  private final boolean withAux;
  private final List<String> columns;

  LoggedAccessAir(int n, boolean withAux) {
    this.n = n;
    this.withAux = withAux;
    List<String> names =
        new ArrayList<>(
            List.of(
                "address_space",
                "pointer",
                "timestamp",
                "prev_timestamp of the record",
                "is_memory"));
    for (int i = 0; i < n; i++) {
      names.add("data[" + i + "]");
    }
    for (int i = 0; i < n; i++) {
      names.add("prev_data[" + i + "]");
    }
    if (withAux) {
      names.addAll(List.of("prev_timestamp", "lt[0]", "lt[1]", "is_immediate", "is_zero_aux"));
    }
    columns = List.copyOf(names);
  }

  /** Column of the first cell before the access. */
  int previous() {
    return DATA + n;
  }

  /** First auxiliary column. */
  int aux() {
    return DATA + 2 * n;
  }

  @Override
  public String name() {
    return LoggedAccesses.PLACE;
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public void declare(MemoryConfig config, AirBuilder builder) {
    Expression space = builder.column(SPACE);
    Expression pointer = builder.column(POINTER);
    Expression timestamp = builder.column(TIMESTAMP);
    Expression recorded = builder.column(RECORDED);
    Expression inMemory = builder.column(IN_MEMORY);
    builder.receive(
        "access, state before",
        Bus.MEMORY,
        message(space, pointer, builder.columns(previous(), n), recorded),
        inMemory);
    builder.send(
        "access, state after",
        Bus.MEMORY,
        message(space, pointer, builder.columns(DATA, n), timestamp),
        inMemory);
    if (withAux) {
      declareAux(config, builder, space, pointer);
    }
  }

  private void declareAux(
      MemoryConfig config, AirBuilder builder, Expression space, Expression pointer) {
    Expression previous = builder.column(aux());
    Expression low = builder.column(aux() + 1);
    Expression high = builder.column(aux() + 2);
    Expression immediate = builder.column(aux() + 3);
    Expression inverse = builder.column(aux() + 4);
    builder.assertZero(
        "auxiliary columns: prev_timestamp is that of the record",
        previous.minus(builder.column(RECORDED)));
    builder.assertZero(
        "auxiliary columns: lt = timestamp - prev_timestamp - 1",
        builder
            .column(TIMESTAMP)
            .minus(previous)
            .minus(1)
            .minus(low)
            .minus(high.times(1L << config.rangeMaxBits())));
    builder.assertZero(
        "auxiliary columns: is_immediate in address space 0 only", space.times(immediate));
    builder.assertZero(
        "auxiliary columns: is_immediate = 1 in address space 0",
        immediate.plus(space.times(inverse)).minus(1));
    builder.assertZero(
        "auxiliary columns: an immediate is its pointer",
        immediate.times(builder.column(DATA).minus(pointer)));
    builder.rangeCheckLimbs(
        "auxiliary columns: lt",
        low,
        high,
        config.clkMaxBits(),
        config.rangeMaxBits(),
        builder.constant(1));
  }

  private static List<Expression> message(
      Expression space, Expression pointer, List<Expression> values, Expression timestamp) {
    List<Expression> message = new ArrayList<>(List.of(space, pointer));
    message.addAll(values);
    message.add(timestamp);
    return message;
  }
}
