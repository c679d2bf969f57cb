// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.check.BusBooks.Balance;
import dev.memtrace.field.BabyBear;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.BitSet;

/**
 * Adds up the messages of unbalanced buses by buckets of a hash, to learn in which ones a message
 * is left over.
 */
final class BucketPass implements Pass {
  static final int BUCKETS = 1 << 16;
  private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(long[].class);

  private final MessageHash hash;
  private final boolean[] wantedAccounts;

  /** Sums by account and bucket, not reduced: each of 2^32 messages adds less than 2^31. */
  private final long[][] sums;

  BucketPass(MessageHash hash, boolean[] wantedAccounts) {
    this.hash = hash;
    this.wantedAccounts = wantedAccounts.clone();
    this.sums = new long[wantedAccounts.length][];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = new long[wantedAccounts[i] ? BUCKETS : 0];
    }
  }

  static int bucket(long mixed) {
    return (int) mixed & (BUCKETS - 1);
  }

  @Override
  public boolean[] wanted(Part part) {
    boolean[] wanted = new boolean[part.accounts().size()];
    for (int i = 0; i < wanted.length; i++) {
      int account = part.accounts().get(i);
      wanted[i] = account != Part.RANGE && wantedAccounts[account];
    }
    return wanted;
  }

  @Override
  public boolean checksRows() {
    return false;
  }

  @Override
  public Range begin(Part part) {
    return new Range() {
      private final MessageHash.Scratch scratch = new MessageHash.Scratch();
      private final long[] buckets = new long[Evaluator.BLOCK];
      private final long[] values = new long[Evaluator.BLOCK];

      @Override
      public void accept(
          int interaction, Rows rows, long firstRow, int n, int[][] message, int[] multiplicity) {
        long[] sum = sums[part.accounts().get(interaction)];
        hash.mix(0, message, n, scratch, buckets);
        hash.mix(1, message, n, scratch, values);
        for (int i = 0; i < n; i++) {
          if (multiplicity[i] != 0) {
            long value = multiplicity[i] * MessageHash.toField(values[i]) % BabyBear.P;
            CELLS.getAndAdd(sum, bucket(buckets[i]), value);
          }
        }
      }

      @Override
      public void finish() {
        // nothing is kept for the range
      }
    };
  }

  /** The first buckets in which a balance does not hold. */
  BitSet unbalanced(Balance balance, int max) {
    BitSet unbalanced = new BitSet(BUCKETS);
    int found = 0;
    for (int bucket = 0; bucket < BUCKETS && found < max; bucket++) {
      long sum = 0;
      for (int account : balance.accounts()) {
        sum += sums[account][bucket] % BabyBear.P;
      }
      if (sum % BabyBear.P != 0) {
        unbalanced.set(bucket);
        found++;
      }
    }
    return unbalanced;
  }
}
