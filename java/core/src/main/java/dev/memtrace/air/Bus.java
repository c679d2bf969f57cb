// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.air;

/**
 * What a bus carries. A declaration names the bus; its number is the caller's, who gives it to the
 * memory controller.
 *
 * @param name what failures call it; buses of one name are one bus
 * @param lookup whether it is a lookup into a table, whose receiving side has the table's counts as
 *     multiplicities, and not a comparison of two multisets
 */
public record Bus(String name, boolean lookup) {
  /** States of blocks: {@code (address_space, pointer, values, timestamp)}. */
  public static final Bus MEMORY = new Bus("memory", false);

  /** Range checks: {@code (value, bits)}. */
  public static final Bus RANGE = new Bus("range", true);

  /** Nodes of the memory tree: {@code (direction, height, as_label, address_label, hash)}. */
  public static final Bus MERKLE = new Bus("merkle", false);

  /** Compressions: {@code (left, right, output)}, 8 elements each. */
  public static final Bus COMPRESSION = new Bus("compression", true);
}
