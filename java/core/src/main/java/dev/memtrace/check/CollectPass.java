// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.check.BusBooks.Balance;
import dev.memtrace.check.CheckFailure.BusMessage;
import dev.memtrace.check.CheckFailure.Source;
import dev.memtrace.field.BabyBear;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Collects the messages of some buckets, and of some rows of the range table, with who sent them.
 */
final class CollectPass implements Pass {
  private static final int MAX_SOURCES = 8;
  private static final int MAX_MESSAGES = 1 << 18;

  /** A message, with the account that it is booked on. */
  private record Key(int account, List<Integer> message) {}

  private record Place(int part, long row, int interaction, Source source) {}

  /** What is known of a message. */
  private static final class Entry {
    private static final Comparator<Place> ORDER =
        Comparator.comparingInt(Place::part)
            .thenComparingLong(Place::row)
            .thenComparingInt(Place::interaction);

    private final TreeSet<Place> places = new TreeSet<>(ORDER);
    private long sum;

    void add(Place place, long multiplicity) {
      sum = (sum + multiplicity) % BabyBear.P;
      places.add(place);
      if (places.size() > MAX_SOURCES) {
        places.pollLast();
      }
    }

    void addAll(Entry other) {
      sum = (sum + other.sum) % BabyBear.P;
      places.addAll(other.places);
    }
  }

  private final MessageHash hash;
  private final List<BitSet> buckets;
  private final RangeTable ranges;
  private final BitSet rangeRows;
  private final Map<Key, Entry> entries = new HashMap<>();

  /**
   * Creates a pass.
   *
   * @param hash the hash of the buckets
   * @param buckets which buckets of each account are collected
   * @param ranges the range table
   * @param rangeRows which of its rows are collected
   */
  CollectPass(MessageHash hash, List<BitSet> buckets, RangeTable ranges, BitSet rangeRows) {
    this.hash = hash;
    this.buckets = List.copyOf(buckets);
    this.ranges = ranges;
    this.rangeRows = rangeRows;
  }

  @Override
  public boolean[] wanted(Part part) {
    boolean[] wanted = new boolean[part.accounts().size()];
    for (int i = 0; i < wanted.length; i++) {
      int account = part.accounts().get(i);
      wanted[i] = !(account == Part.RANGE ? rangeRows : buckets.get(account)).isEmpty();
    }
    return wanted;
  }

  @Override
  public boolean checksRows() {
    return false;
  }

  /** The account of range checks: those of accesses are kept apart. */
  private static int rangeAccount(boolean withAccesses) {
    return withAccesses ? -2 : -1;
  }

  @Override
  public Range begin(Part part) {
    return new Range() {
      private final MessageHash.Scratch scratch = new MessageHash.Scratch();
      private final long[] mixed = new long[Evaluator.BLOCK];

      @Override
      public void accept(
          int interaction, Rows rows, long firstRow, int n, int[][] message, int[] multiplicity) {
        int account = part.accounts().get(interaction);
        if (account != Part.RANGE) {
          hash.mix(0, message, n, scratch, mixed);
        }
        for (int i = 0; i < n; i++) {
          if (multiplicity[i] == 0) {
            continue;
          }
          boolean selected;
          if (account == Part.RANGE) {
            int row =
                ranges.row(
                    BabyBear.fromMontgomery(message[0][i]), BabyBear.fromMontgomery(message[1][i]));
            selected = row >= 0 && rangeRows.get(row);
          } else {
            selected = buckets.get(account).get(BucketPass.bucket(mixed[i]));
          }
          if (selected) {
            int booked = account == Part.RANGE ? rangeAccount(part.withAccesses()) : account;
            collect(
                booked, part, interaction, rows.name(firstRow + i), message, i, multiplicity[i]);
          }
        }
      }

      @Override
      public void finish() {
        // nothing is kept for the range
      }
    };
  }

  private synchronized void collect(
      int account, Part part, int interaction, long row, int[][] message, int i, int multiplicity) {
    List<Integer> elements = new ArrayList<>(message.length);
    for (int[] element : message) {
      elements.add(BabyBear.fromMontgomery(element[i]));
    }
    Key key = new Key(account, List.copyOf(elements));
    Entry entry = entries.get(key);
    if (entry == null) {
      if (entries.size() >= MAX_MESSAGES) {
        return;
      }
      entry = new Entry();
      entries.put(key, entry);
    }
    Source source =
        new Source(part.name(), row, part.interaction(interaction).name(), multiplicity);
    entry.add(new Place(part.number(), row, interaction, source), multiplicity);
  }

  /** The messages left over in a balance, by who comes first in the traces. */
  List<BusMessage> leftOver(Balance balance) {
    Map<List<Integer>, Entry> sums = new HashMap<>();
    entries.forEach(
        (key, entry) -> {
          if (balance.accounts().contains(key.account())) {
            sums.computeIfAbsent(key.message(), message -> new Entry()).addAll(entry);
          }
        });
    sums.values().removeIf(entry -> entry.sum % BabyBear.P == 0);
    Comparator<Map.Entry<List<Integer>, Entry>> byPlace =
        Comparator.comparing(e -> e.getValue().places.first(), Entry.ORDER);
    return sums.entrySet().stream()
        .sorted(byPlace)
        .map(e -> message(e.getKey(), e.getValue()))
        .toList();
  }

  /** Who asks for a row of the range table. */
  BusMessage requests(List<Integer> pair, boolean withAccesses) {
    Entry all = new Entry();
    for (int account = rangeAccount(withAccesses); account <= rangeAccount(false); account++) {
      Entry entry = entries.get(new Key(account, pair));
      if (entry != null) {
        all.addAll(entry);
      }
    }
    return message(pair, all);
  }

  private static BusMessage message(List<Integer> elements, Entry entry) {
    int sum = (int) Math.floorMod(entry.sum, (long) BabyBear.P);
    return new BusMessage(
        elements,
        sum > BabyBear.P / 2 ? sum - BabyBear.P : sum,
        entry.places.stream().limit(MAX_SOURCES).map(Place::source).toList());
  }
}
