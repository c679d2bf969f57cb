// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The products of the first run of a log, with which those of all others are compared. */
final class Reference {
  private @Nullable Map<String, Long> products;
  private String maker = "";

  /**
   * Compares the products of a run, or takes them if it is the first.
   *
   * @throws MismatchException if any differs
   */
  void check(
      BenchWorkload workload, String backend, BenchBackend.Spec spec, Map<String, Long> made) {
    String who = backend + " on " + spec.threads() + (spec.threads() == 1 ? " thread" : " threads");
    if (products == null) {
      products = made;
      maker = who;
      return;
    }
    Set<String> names = new LinkedHashSet<>(products.keySet());
    names.addAll(made.keySet());
    for (String name : names) {
      Long expected = products.get(name);
      Long actual = made.get(name);
      if (expected == null || !expected.equals(actual)) {
        throw new MismatchException(
            "%s of %,d entries: the product %s has fingerprint %s from %s, but %s from %s; figures of wrong results are worth nothing, so none are given"
                .formatted(
                    workload.name(),
                    workload.entries(),
                    name,
                    text(actual),
                    who,
                    text(expected),
                    maker));
      }
    }
  }

  private static String text(@Nullable Long fingerprint) {
    return fingerprint == null ? "none" : "%016x".formatted(fingerprint);
  }
}
