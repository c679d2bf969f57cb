// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.field.BabyBear;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The books of all buses: accounts, to which the messages of interactions are added, and balances,
 * sums of accounts that must be 0 for every message.
 */
final class BusBooks {
  private static final long P = BabyBear.P;

  /**
   * Accounts whose sum must be 0 for every message.
   *
   * @param name what failures call it
   * @param accounts the accounts
   */
  record Balance(String name, List<Integer> accounts) {
    Balance {
      accounts = List.copyOf(accounts);
    }
  }

  private final List<String> accounts = new ArrayList<>();
  private final List<Balance> balances = new ArrayList<>();
  private final List<Long> weights = new ArrayList<>();
  private long[] sums = new long[0];
  private long[] messages = new long[0];

  /** The account of a name, which is opened if it is new. */
  int account(String name) {
    int account = accounts.indexOf(name);
    if (account < 0) {
      account = accounts.size();
      accounts.add(name);
      weights.add(0L);
    }
    return account;
  }

  /** Whether an account of that name was opened. */
  boolean hasAccount(String name) {
    return accounts.contains(name);
  }

  int accounts() {
    return accounts.size();
  }

  void balance(String name, String... of) {
    balances.add(new Balance(name, Arrays.stream(of).map(this::account).toList()));
  }

  List<Balance> balances() {
    return balances;
  }

  /** Adds interactions to the bound on the bus. */
  void addWeight(int account, long interactions) {
    weights.set(account, weights.get(account) + interactions);
  }

  /** Interactions of a balance that the bound on the bus counts. */
  long weight(Balance balance) {
    return balance.accounts().stream().mapToLong(weights::get).sum();
  }

  void startSums() {
    sums = new long[accounts.size() * MessageHash.ELEMENTS];
    messages = new long[accounts.size()];
  }

  /** Messages with a multiplicity that is not 0. */
  long messages(Balance balance) {
    return balance.accounts().stream().mapToLong(account -> messages[account]).sum();
  }

  boolean holds(Balance balance) {
    for (int element = 0; element < MessageHash.ELEMENTS; element++) {
      long sum = 0;
      for (int account : balance.accounts()) {
        sum += sums[account * MessageHash.ELEMENTS + element];
      }
      if (sum % P != 0) {
        return false;
      }
    }
    return true;
  }

  private synchronized void add(long[] ranges, long[] counts) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] = (sums[i] + ranges[i]) % P;
    }
    for (int i = 0; i < counts.length; i++) {
      messages[i] += counts[i];
    }
  }

  /** Adds up the hashed messages of a range of rows, on one thread. */
  final class Adder {
    private final MessageHash hash;
    private final MessageHash.Scratch scratch = new MessageHash.Scratch();
    private final long[] mixed = new long[Evaluator.BLOCK];
    private final long[] mine = new long[sums.length];
    private final long[] count = new long[messages.length];

    Adder(MessageHash hash) {
      this.hash = hash;
    }

    void add(int account, int n, int[][] message, int[] multiplicity) {
      boolean small = true;
      int live = 0;
      for (int i = 0; i < n; i++) {
        small &= multiplicity[i] >= -1 && multiplicity[i] <= 1;
        live += multiplicity[i] == 0 ? 0 : 1;
      }
      count[account] += live;
      for (int element = 0; element < MessageHash.ELEMENTS; element++) {
        hash.mix(element, message, n, scratch, mixed);
        long sum = small ? smallSum(mixed, multiplicity, n) : sum(mixed, multiplicity, n);
        int at = account * MessageHash.ELEMENTS + element;
        mine[at] = (mine[at] + sum) % P;
      }
    }

    private static long smallSum(long[] mixed, int[] multiplicity, int n) {
      long sum = 0;
      for (int i = 0; i < n; i++) {
        sum += multiplicity[i] * MessageHash.toField(mixed[i]);
      }
      return sum;
    }

    private static long sum(long[] mixed, int[] multiplicity, int n) {
      long sum = 0;
      for (int i = 0; i < n; i++) {
        sum += multiplicity[i] * MessageHash.toField(mixed[i]) % P;
      }
      return sum;
    }

    void finish() {
      BusBooks.this.add(mine, count);
    }
  }
}
