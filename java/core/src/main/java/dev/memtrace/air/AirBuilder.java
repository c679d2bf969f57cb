// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

import dev.memtrace.air.AirDeclaration.Constraint;
import dev.memtrace.air.AirDeclaration.Interaction;
import dev.memtrace.air.AirDeclaration.Node;
import dev.memtrace.air.AirDeclaration.Operation;
import dev.memtrace.field.BabyBear;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** Takes the constraints and interactions that an AIR declares. Used by one declaration. */
public final class AirBuilder {
  private static final AtomicLong MADE = new AtomicLong();

  /** Tells this builder from all others of the process. */
  private final long serial = MADE.incrementAndGet();

  private final Air air;
  private final int width;
  private final List<Node> nodes = new ArrayList<>();
  private final IntArrayList degrees = new IntArrayList();
  private final Object2IntOpenHashMap<Node> known = new Object2IntOpenHashMap<>();
  private final List<Constraint> constraints = new ArrayList<>();
  private final List<Interaction> interactions = new ArrayList<>();

  AirBuilder(Air air) {
    this.air = air;
    this.width = air.width();
    known.defaultReturnValue(-1);
  }

  long serial() {
    return serial;
  }

  AirDeclaration build() {
    return new AirDeclaration(air, nodes, constraints, interactions);
  }

  // ------------------------------------------------------------------ leaves

  /**
   * Returns a column of the row.
   *
   * @param index its index
   * @return an expression of degree 1
   */
  public Expression column(int index) {
    return leaf(Operation.COLUMN, Objects.checkIndex(index, width), 1);
  }

  /**
   * Returns consecutive columns of the row.
   *
   * @param first index of the first one
   * @param count how many
   * @return expressions of degree 1
   */
  public List<Expression> columns(int first, int count) {
    List<Expression> columns = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      columns.add(column(first + i));
    }
    return columns;
  }

  /**
   * Returns a column of the next row; the row after the last is row 0.
   *
   * @param index its index
   * @return an expression of degree 1
   */
  public Expression next(int index) {
    return leaf(Operation.NEXT_COLUMN, Objects.checkIndex(index, width), 1);
  }

  /**
   * Returns a preprocessed column of the row.
   *
   * @param index its index
   * @return an expression of degree 1
   */
  public Expression preprocessed(int index) {
    Objects.checkIndex(index, air.preprocessedColumns().size());
    return leaf(Operation.PREPROCESSED, index, 1);
  }

  /**
   * Returns a public value.
   *
   * @param index its index
   * @return an expression of degree 0
   */
  public Expression publicValue(int index) {
    return leaf(Operation.PUBLIC_VALUE, Objects.checkIndex(index, air.publicValues()), 0);
  }

  /**
   * Returns a number.
   *
   * @param number any number, taken mod p
   * @return an expression of degree 0
   */
  public Expression constant(long number) {
    return leaf(Operation.CONSTANT, (int) Math.floorMod(number, (long) BabyBear.P), 0);
  }

  /**
   * Returns the selector of the first row.
   *
   * @return 1 on the first row, else 0; an expression of degree 1
   */
  public Expression isFirst() {
    return leaf(Operation.IS_FIRST, 0, 1);
  }

  /**
   * Returns the selector of the last row.
   *
   * @return 1 on the last row, else 0; an expression of degree 1
   */
  public Expression isLast() {
    return leaf(Operation.IS_LAST, 0, 1);
  }

  /**
   * Returns the selector of all rows but the last.
   *
   * @return 0 on the last row, else 1; counted as degree 0, because the prover divides it out
   */
  public Expression isTransition() {
    return leaf(Operation.IS_TRANSITION, 0, 0);
  }

  private Expression leaf(Operation operation, int index, int degree) {
    return node(new Node(operation, index, 0), degree);
  }

  private Expression node(Node node, int degree) {
    int index = known.getInt(node);
    if (index < 0) {
      index = nodes.size();
      nodes.add(node);
      degrees.add(degree);
      known.put(node, index);
    }
    return new Expression(this, index);
  }

  // ------------------------------------------------------------------ arithmetic

  private boolean isConstant(int node, int value) {
    Node n = nodes.get(node);
    return n.operation() == Operation.CONSTANT && n.left() == value;
  }

  Expression add(int left, int right) {
    if (isConstant(left, 0)) {
      return new Expression(this, right);
    }
    if (isConstant(right, 0)) {
      return new Expression(this, left);
    }
    int degree = Math.max(degrees.getInt(left), degrees.getInt(right));
    return node(new Node(Operation.ADD, Math.min(left, right), Math.max(left, right)), degree);
  }

  Expression subtract(int left, int right) {
    if (isConstant(right, 0)) {
      return new Expression(this, left);
    }
    int degree = Math.max(degrees.getInt(left), degrees.getInt(right));
    return node(new Node(Operation.SUBTRACT, left, right), degree);
  }

  Expression multiply(int left, int right) {
    if (isConstant(left, 1)) {
      return new Expression(this, right);
    }
    if (isConstant(right, 1)) {
      return new Expression(this, left);
    }
    int degree = degrees.getInt(left) + degrees.getInt(right);
    return node(new Node(Operation.MULTIPLY, Math.min(left, right), Math.max(left, right)), degree);
  }

  // ------------------------------------------------------------------ declarations

  /**
   * Declares that an expression is 0 on every row.
   *
   * @param name what the constraint says; failures show it
   * @param expression what must be 0
   */
  public void assertZero(String name, Expression expression) {
    int node = expression.nodeIn(this);
    constraints.add(new Constraint(name, node, degrees.getInt(node)));
  }

  /**
   * Declares that an expression is 0 or 1 on every row.
   *
   * @param name what is boolean; failures show it
   * @param expression what must be 0 or 1
   */
  public void assertBoolean(String name, Expression expression) {
    assertZero(name, expression.times(expression.minus(1)));
  }

  /**
   * Declares that each row sends a message.
   *
   * @param name which interaction of the AIR this is; failures show it
   * @param bus where the message goes
   * @param message its elements
   * @param multiplicity how often; 0 for rows that send nothing
   */
  public void send(String name, Bus bus, List<Expression> message, Expression multiplicity) {
    interact(name, bus, true, message, multiplicity);
  }

  /**
   * Declares that each row receives a message.
   *
   * @param name which interaction of the AIR this is; failures show it
   * @param bus where the message comes from
   * @param message its elements
   * @param multiplicity how often; 0 for rows that receive nothing
   */
  public void receive(String name, Bus bus, List<Expression> message, Expression multiplicity) {
    interact(name, bus, false, message, multiplicity);
  }

  /**
   * Declares that each row asks whether a number has so many bits.
   *
   * @param name what is checked; failures show it
   * @param value the number
   * @param bits its bit count, at most the range checker's
   * @param multiplicity 1, or 0 for rows that ask nothing
   */
  public void rangeCheck(String name, Expression value, int bits, Expression multiplicity) {
    send(name, Bus.RANGE, List.of(value, constant(bits)), multiplicity);
  }

  /**
   * Declares the range checks of a number in two limbs, low limb first.
   *
   * @param name what is checked; failures show it
   * @param low the low limb, of {@code limbBits} bits
   * @param high the high limb, of the rest
   * @param bits bits of the number
   * @param limbBits bits of a limb
   * @param multiplicity 1, or 0 for rows that ask nothing
   */
  public void rangeCheckLimbs(
      String name,
      Expression low,
      Expression high,
      int bits,
      int limbBits,
      Expression multiplicity) {
    rangeCheck(name + "[0]", low, Math.min(bits, limbBits), multiplicity);
    rangeCheck(name + "[1]", high, Math.max(bits - limbBits, 0), multiplicity);
  }

  private void interact(
      String name, Bus bus, boolean send, List<Expression> message, Expression multiplicity) {
    List<Integer> elements = new ArrayList<>(message.size());
    int degree = 0;
    for (Expression element : message) {
      int node = element.nodeIn(this);
      elements.add(node);
      degree = Math.max(degree, degrees.getInt(node));
    }
    int count = multiplicity.nodeIn(this);
    interactions.add(
        new Interaction(name, bus, send, elements, count, degree, degrees.getInt(count)));
  }
}
