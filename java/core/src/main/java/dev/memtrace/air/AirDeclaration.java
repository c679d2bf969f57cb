// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.config.MemoryConfig;
import java.util.List;

/**
 * The constraints and interactions of an AIR, as a list of operations in which each uses earlier
 * ones only. Immutable.
 *
 * @param air the AIR
 * @param nodes the operations
 * @param constraints what must be 0 on every row
 * @param interactions what each row sends and receives
 */
public record AirDeclaration(
    Air air, List<Node> nodes, List<Constraint> constraints, List<Interaction> interactions) {

  /** What a node computes. */
  public enum Operation {
    /** Column {@code left} of the row. */
    COLUMN,
    /** Column {@code left} of the next row; the row after the last is row 0. */
    NEXT_COLUMN,
    /** Preprocessed column {@code left} of the row. */
    PREPROCESSED,
    /** Public value {@code left}. */
    PUBLIC_VALUE,
    /** The canonical element {@code left}. */
    CONSTANT,
    /** 1 on the first row, else 0. */
    IS_FIRST,
    /** 1 on the last row, else 0. */
    IS_LAST,
    /** 0 on the last row, else 1. */
    IS_TRANSITION,
    /** Sum of the nodes {@code left} and {@code right}. */
    ADD,
    /** Difference of the nodes {@code left} and {@code right}. */
    SUBTRACT,
    /** Product of the nodes {@code left} and {@code right}. */
    MULTIPLY
  }

  /**
   * One operation.
   *
   * @param operation what it computes
   * @param left a column, public value, constant or earlier node
   * @param right an earlier node, or 0
   */
  public record Node(Operation operation, int left, int right) {
    /**
     * Says whether the operands are nodes.
     *
     * @return true for sums, differences and products
     */
    public boolean isArithmetic() {
      return operation.compareTo(Operation.ADD) >= 0;
    }
  }

  /**
   * A constraint.
   *
   * @param name what it says
   * @param node the node that must be 0 on every row
   * @param degree its degree in the trace columns; a transition selector counts 0
   */
  public record Constraint(String name, int node, int degree) {}

  /**
   * An interaction.
   *
   * @param name which one of the AIR's it is
   * @param bus where the message goes
   * @param send whether it is sent; a received message counts with the negative multiplicity
   * @param message nodes of the message
   * @param multiplicity node of the multiplicity
   * @param messageDegree highest degree of an element of the message
   * @param multiplicityDegree degree of the multiplicity
   */
  public record Interaction(
      String name,
      Bus bus,
      boolean send,
      List<Integer> message,
      int multiplicity,
      int messageDegree,
      int multiplicityDegree) {
    /** Copies the list. */
    public Interaction {
      message = List.copyOf(message);
    }

    /**
     * Says whether this is the table of a lookup, which no bound on the bus counts.
     *
     * @return true for the receiving side of a lookup bus
     */
    public boolean isTable() {
      return bus.lookup() && !send;
    }
  }

  /** Copies the lists. */
  public AirDeclaration {
    nodes = List.copyOf(nodes);
    constraints = List.copyOf(constraints);
    interactions = List.copyOf(interactions);
  }

  /**
   * Asks an AIR for its declaration.
   *
   * @param air the AIR
   * @param config parameters of the memory
   * @return what it declares
   * @throws IllegalArgumentException if it names a column that it does not have
   */
  public static AirDeclaration of(Air air, MemoryConfig config) {
    AirBuilder builder = new AirBuilder(air);
    air.declare(config, builder);
    return builder.build();
  }

  /**
   * Returns the highest degree of a constraint.
   *
   * @return a degree, 0 if there is no constraint
   */
  public int degree() {
    return constraints.stream().mapToInt(Constraint::degree).max().orElse(0);
  }
}
