// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import dev.memtrace.air.AirBuilder;
import dev.memtrace.air.Bus;
import dev.memtrace.air.Expression;
import java.util.ArrayList;
import java.util.List;

/**
 * What a chip needs to access memory in its constraints: where the messages go, how wide a
 * timestamp comparison is, and the constraints and interactions of an access, which the chip's AIR
 * declares through {@link #read}, {@link #write} and {@link #readOrImmediate}.
 *
 * <p>The chip's own duty: {@code enabled} must be boolean, timestamps must be those of the
 * execution and below {@code 2^clkMaxBits}, and a chip whose address space is not fixed must
 * exclude 0 or use {@link #readOrImmediate}.
 *
 * @param memoryBus the bus of block states
 * @param clkMaxBits timestamps are below {@code 2^clkMaxBits}
 * @param rangeBus the bus of the limb checks, whose {@code rangeMaxBits} is the limb size
 */
public record MemoryBridge(MemoryBus memoryBus, int clkMaxBits, RangeCheckerBus rangeBus) {

  /**
   * An access in a row of a chip's trace.
   *
   * @param name what failures call it
   * @param enabled 1 if the row makes the access, else 0
   * @param addressSpace address space
   * @param pointer first cell
   * @param data the cells read or written: 1, 2, 4, 8, 16 or 32
   * @param timestamp when it happens
   */
  public record Access(
      String name,
      Expression enabled,
      Expression addressSpace,
      Expression pointer,
      List<Expression> data,
      Expression timestamp) {
    /** Copies the list. */
    public Access {
      data = List.copyOf(data);
    }

    private List<Expression> state(List<Expression> cells, Expression time) {
      List<Expression> message = new ArrayList<>(List.of(addressSpace, pointer));
      message.addAll(cells);
      message.add(time);
      return message;
    }
  }

  /**
   * Declares a read.
   *
   * @param builder takes the declaration
   * @param access the read
   * @param auxColumn the first of the {@link MemoryReadAuxCols#WIDTH} columns that {@link
   *     MemoryReadAuxCols#copyTo} fills
   */
  public void read(AirBuilder builder, Access access, int auxColumn) {
    declare(builder, access, access.data(), access.enabled(), auxColumn);
  }

  /**
   * Declares a write.
   *
   * @param builder takes the declaration
   * @param access the write
   * @param auxColumn the first of the columns that {@link MemoryWriteAuxCols#copyTo} fills: three,
   *     and one for each cell
   */
  public void write(AirBuilder builder, Access access, int auxColumn) {
    List<Expression> previous =
        builder.columns(auxColumn + MemoryBaseAuxCols.BASE_WIDTH, access.data().size());
    declare(builder, access, previous, access.enabled(), auxColumn);
  }

  /**
   * Declares a read of one cell whose address space may be 0; then the pointer itself is read.
   *
   * @param builder takes the declaration
   * @param access the read
   * @param auxColumn the first of the {@link MemoryReadOrImmediateAuxCols#WIDTH} columns that
   *     {@link MemoryReadOrImmediateAuxCols#copyTo} fills
   * @throws IllegalArgumentException if it is not of one cell
   */
  public void readOrImmediate(AirBuilder builder, Access access, int auxColumn) {
    if (access.data().size() != 1) {
      throw new IllegalArgumentException(
          "an immediate is one cell, not " + access.data().size() + "; use read");
    }
    Expression immediate = builder.column(auxColumn + MemoryBaseAuxCols.BASE_WIDTH);
    Expression inverse = builder.column(auxColumn + MemoryBaseAuxCols.BASE_WIDTH + 1);
    Expression space = access.addressSpace();
    String name = access.name() + ": ";
    builder.assertZero(name + "is_immediate in address space 0 only", space.times(immediate));
    builder.assertZero(
        name + "is_immediate = 1 in address space 0",
        access.enabled().times(immediate.plus(space.times(inverse)).minus(1)));
    builder.assertZero(
        name + "an immediate is its pointer",
        immediate.times(access.data().getFirst().minus(access.pointer())));
    declare(builder, access, access.data(), access.enabled().times(immediate.not()), auxColumn);
  }

  private void declare(
      AirBuilder builder,
      Access access,
      List<Expression> before,
      Expression multiplicity,
      int auxColumn) {
    Expression previous = builder.column(auxColumn);
    Expression low = builder.column(auxColumn + 1);
    Expression high = builder.column(auxColumn + 2);
    Expression enabled = access.enabled();
    int limb = rangeBus.rangeMaxBits();
    builder.assertZero(
        access.name() + ": lt = timestamp - prev_timestamp - 1",
        enabled.times(
            access.timestamp().minus(previous).minus(1).minus(low).minus(high.times(1L << limb))));
    builder.rangeCheckLimbs(access.name() + ": lt", low, high, clkMaxBits, limb, enabled);
    builder.receive(
        access.name() + ": before", Bus.MEMORY, access.state(before, previous), multiplicity);
    builder.send(
        access.name() + ": after",
        Bus.MEMORY,
        access.state(access.data(), access.timestamp()),
        multiplicity);
  }
}
