// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AirDeclaration;
import dev.memtrace.air.AirDeclaration.Interaction;
import java.util.List;

/**
 * One AIR in a check: its tape and where its messages are booked.
 *
 * @param number order of the parts
 * @param name what failures call it
 * @param tape its declaration, compiled
 * @param accounts for each interaction the account of its messages; {@link #RANGE} for the range
 *     bus
 * @param withAccesses whether its range checks are counted only together with those of accesses
 * @param checksMultiplicities whether multiplicities must be those of one message a row at most
 */
record Part(
    int number,
    String name,
    Tape tape,
    List<Integer> accounts,
    boolean withAccesses,
    boolean checksMultiplicities) {
  /** Stands for the range bus, whose messages are counted in a table. */
  static final int RANGE = -1;

  /** Copies the list. */
  Part {
    accounts = List.copyOf(accounts);
  }

  AirDeclaration declaration() {
    return tape.declaration();
  }

  Interaction interaction(int index) {
    return declaration().interactions().get(index);
  }
}
