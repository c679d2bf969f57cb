// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

/**
 * A polynomial over a row, its next row and the public values. Belongs to the {@link AirBuilder}
 * that made it and mixes with its other expressions only. Immutable; equal parts are shared.
 */
public final class Expression {
  private final AirBuilder builder;
  private final int node;

  Expression(AirBuilder builder, int node) {
    this.builder = builder;
    this.node = node;
  }

  int nodeIn(AirBuilder user) {
    if (builder.serial() != user.serial()) {
      throw new IllegalArgumentException(
          "an expression of another declaration; make all with one AirBuilder");
    }
    return node;
  }

  /**
   * Adds.
   *
   * @param other an expression of the same builder
   * @return {@code this + other}
   */
  public Expression plus(Expression other) {
    return builder.add(node, other.nodeIn(builder));
  }

  /**
   * Adds a number.
   *
   * @param number any number, taken mod p
   * @return {@code this + number}
   */
  public Expression plus(long number) {
    return plus(builder.constant(number));
  }

  /**
   * Subtracts.
   *
   * @param other an expression of the same builder
   * @return {@code this - other}
   */
  public Expression minus(Expression other) {
    return builder.subtract(node, other.nodeIn(builder));
  }

  /**
   * Subtracts a number.
   *
   * @param number any number, taken mod p
   * @return {@code this - number}
   */
  public Expression minus(long number) {
    return minus(builder.constant(number));
  }

  /**
   * Multiplies.
   *
   * @param other an expression of the same builder
   * @return {@code this * other}
   */
  public Expression times(Expression other) {
    return builder.multiply(node, other.nodeIn(builder));
  }

  /**
   * Multiplies by a number.
   *
   * @param number any number, taken mod p
   * @return {@code this * number}
   */
  public Expression times(long number) {
    return times(builder.constant(number));
  }

  /**
   * Negates.
   *
   * @return {@code -this}
   */
  public Expression negated() {
    return builder.constant(0).minus(this);
  }

  /**
   * Subtracts from 1, which is "not" for a boolean.
   *
   * @return {@code 1 - this}
   */
  public Expression not() {
    return builder.constant(1).minus(this);
  }
}
