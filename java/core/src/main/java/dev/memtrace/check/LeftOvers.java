// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.Bus;
import dev.memtrace.check.BusBooks.Balance;
import dev.memtrace.check.CheckFailure.BusMessage;
import dev.memtrace.check.CheckFailure.Kind;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Finds what is left over on buses that do not balance, and who sends it, in two more passes. */
final class LeftOvers {
  private static final int MAX_BUCKETS = 64;

  /** The buckets have fixed keys, so that a report is the same on every run. */
  private static final long SEED = 0x6D656D7472616365L;

  /**
   * A row of the range table that was not asked for as often as a product says.
   *
   * @param bus what failures call the bus
   * @param withAccesses whether the requests of accesses and chips are among those asked for
   * @param row the row
   * @param counted what the product says
   * @param requested how often it was asked for
   */
  record WrongCount(String bus, boolean withAccesses, int row, int counted, int requested) {}

  private final BusBooks books;
  private final RangeTable ranges;
  private final MessageHash hash;
  private final int max;

  LeftOvers(BusBooks books, RangeTable ranges, int longestMessage, int max) {
    this.books = books;
    this.ranges = ranges;
    this.hash = new MessageHash(longestMessage, new SplittableRandom(SEED)::nextLong);
    this.max = max;
  }

  /**
   * Names what is left over.
   *
   * @param broken balances that do not hold
   * @param counts rows of the range table that are wrong
   * @param again makes a pass over all rows
   * @return at least one failure for each balance and each row
   */
  List<CheckFailure> find(List<Balance> broken, List<WrongCount> counts, Consumer<Pass> again) {
    List<BitSet> buckets = unbalancedBuckets(broken, again);
    BitSet rows = new BitSet();
    counts.forEach(wrong -> rows.set(wrong.row()));
    CollectPass collected = new CollectPass(hash, buckets, ranges, rows);
    again.accept(collected);
    List<CheckFailure> failures = new ArrayList<>();
    for (Balance balance : broken) {
      List<BusMessage> messages = collected.leftOver(balance);
      if (messages.isEmpty()) {
        failures.add(failure(balance, "balance", null, "does not balance"));
      }
      messages.stream().limit(max).forEach(message -> failures.add(failure(balance, message)));
    }
    counts.forEach(wrong -> failures.add(failure(wrong, collected)));
    return failures;
  }

  /** For each account the buckets in which any balance does not hold. */
  private List<BitSet> unbalancedBuckets(List<Balance> broken, Consumer<Pass> again) {
    boolean[] wanted = new boolean[books.accounts()];
    broken.forEach(balance -> balance.accounts().forEach(account -> wanted[account] = true));
    BitSet unbalanced = new BitSet();
    if (!broken.isEmpty()) {
      BucketPass pass = new BucketPass(hash, wanted);
      again.accept(pass);
      broken.forEach(balance -> unbalanced.or(pass.unbalanced(balance, MAX_BUCKETS)));
    }
    // Accounts are shared by balances, so all of them are collected in the same buckets.
    List<BitSet> buckets = new ArrayList<>();
    for (boolean account : wanted) {
      buckets.add(account ? unbalanced : new BitSet());
    }
    return buckets;
  }

  private static CheckFailure failure(Balance balance, BusMessage message) {
    int count = message.multiplicity();
    return failure(
        balance,
        "message " + describe(balance.name(), message.elements()),
        message,
        (count < 0 ? "received" : "sent")
            + " "
            + Math.abs((long) count)
            + " times more than "
            + (count < 0 ? "sent" : "received"));
  }

  private static CheckFailure failure(
      Balance balance, String rule, @Nullable BusMessage message, String detail) {
    return new CheckFailure(
        Kind.BUS, "bus " + balance.name(), -1, rule, List.of(), message, detail);
  }

  private static String describe(String bus, List<Integer> message) {
    int size = message.size();
    if (bus.equals(Bus.MEMORY.name()) && size >= 4) {
      return "(address space %d, pointer %d, values %s, timestamp %d)"
          .formatted(
              message.get(0), message.get(1), message.subList(2, size - 1), message.getLast());
    }
    return message.toString();
  }

  private static CheckFailure failure(WrongCount wrong, CollectPass collected) {
    int bits = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(wrong.row());
    int value = wrong.row() - (1 << bits);
    return new CheckFailure(
        Kind.BUS,
        "bus " + wrong.bus(),
        wrong.row(),
        "(value " + value + ", " + bits + " bits)",
        List.of(),
        collected.requests(List.of(value, bits), wrong.withAccesses()),
        "the table says " + wrong.counted() + ", it is asked for " + wrong.requested() + " times");
  }
}
