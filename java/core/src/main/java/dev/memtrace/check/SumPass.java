// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AirDeclaration.Interaction;
import dev.memtrace.check.CheckFailure.Kind;
import dev.memtrace.field.BabyBear;
import java.util.Arrays;
import java.util.function.Function;

/** The first pass: every constraint, every bus as a sum of hashes, every range check counted. */
final class SumPass implements Pass {
  private final BusBooks books;
  private final MessageHash hash;
  private final RangeTable ranges;
  private final Function<Part, Failures> failures;

  SumPass(BusBooks books, MessageHash hash, RangeTable ranges, Function<Part, Failures> failures) {
    this.books = books;
    this.hash = hash;
    this.ranges = ranges;
    this.failures = failures;
  }

  @Override
  public boolean[] wanted(Part part) {
    boolean[] all = new boolean[part.declaration().interactions().size()];
    Arrays.fill(all, true);
    return all;
  }

  @Override
  public boolean checksRows() {
    return true;
  }

  @Override
  public Range begin(Part part) {
    return new Sums(part);
  }

  private final class Sums implements Range {
    private final Part part;
    private final BusBooks.Adder adder = books.new Adder(hash);

    Sums(Part part) {
      this.part = part;
    }

    @Override
    public void accept(
        int interaction, Rows rows, long firstRow, int n, int[][] message, int[] multiplicity) {
      if (part.checksMultiplicities()) {
        checkMultiplicities(interaction, rows, firstRow, n, multiplicity);
      }
      int account = part.accounts().get(interaction);
      if (account == Part.RANGE) {
        count(interaction, rows, firstRow, n, message, multiplicity);
      } else {
        adder.add(account, n, message, multiplicity);
      }
    }

    private void count(
        int interaction, Rows rows, long firstRow, int n, int[][] message, int[] multiplicity) {
      int pendingRow = 1;
      long pending = 0;
      for (int i = 0; i < n; i++) {
        if (multiplicity[i] == 0) {
          continue;
        }
        int value = BabyBear.fromMontgomery(message[0][i]);
        int bits = BabyBear.fromMontgomery(message[1][i]);
        int row = ranges.row(value, bits);
        if (row < 0) {
          outOfRange(interaction, rows, firstRow + i, value, bits);
        } else if (row == pendingRow) {
          pending += multiplicity[i];
        } else {
          ranges.add(pendingRow, pending);
          pendingRow = row;
          pending = multiplicity[i];
        }
      }
      ranges.add(pendingRow, pending);
    }

    private void outOfRange(int interaction, Rows rows, long row, int value, int bits) {
      Interaction what = part.interaction(interaction);
      int rule = part.declaration().constraints().size() + interaction;
      failures
          .apply(part)
          .add(
              rows.name(row),
              rule,
              () ->
                  new CheckFailure(
                      Kind.RANGE,
                      part.name(),
                      rows.name(row),
                      "range check of " + what.name(),
                      Cells.of(part.declaration(), what, rows, row),
                      null,
                      value + " does not have " + bits + " bits"));
    }

    private void checkMultiplicities(
        int interaction, Rows rows, long firstRow, int n, int[] multiplicity) {
      Interaction what = part.interaction(interaction);
      if (what.isTable()) {
        return;
      }
      int least = what.bus().lookup() ? 0 : -1;
      for (int i = 0; i < n; i++) {
        if (multiplicity[i] < least || multiplicity[i] > 1) {
          long row = firstRow + i;
          int given = multiplicity[i];
          int rule = part.declaration().constraints().size() + interaction;
          failures
              .apply(part)
              .add(
                  rows.name(row),
                  rule,
                  () ->
                      new CheckFailure(
                          Kind.RULE,
                          part.name(),
                          rows.name(row),
                          "multiplicity of " + what.name(),
                          Cells.of(part.declaration(), what.multiplicity(), rows, row),
                          null,
                          "is " + given + "; it must be " + (least == 0 ? "" : "-1, ") + "0 or 1"));
        }
      }
    }

    @Override
    public void finish() {
      adder.finish();
    }
  }
}
