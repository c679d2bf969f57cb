// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import dev.memtrace.air.AirDeclaration;
import dev.memtrace.air.AirDeclaration.Constraint;
import dev.memtrace.check.CheckFailure.Kind;
import dev.memtrace.field.BabyBear;
import dev.memtrace.parallel.Workers;
import java.util.HashMap;
import java.util.Map;

/** Evaluates rows in parallel and keeps the failures of each part. */
final class Runner {
  /** Rows that a thread takes at once. */
  private static final long GRAIN = 16L * Evaluator.BLOCK;

  private final Workers workers;
  private final int maxFailures;
  private final Map<String, Failures> failures = new HashMap<>();

  Runner(Workers workers, int maxFailures) {
    this.workers = workers;
    this.maxFailures = maxFailures;
  }

  Workers workers() {
    return workers;
  }

  /** The failures of a place, all parts of that name together. */
  synchronized Failures failures(String place) {
    return failures.computeIfAbsent(place, name -> new Failures(maxFailures));
  }

  void evaluate(Part part, Rows rows, int[] publicValues, Pass pass) {
    boolean[] wanted = pass.wanted(part);
    if (!pass.checksRows() && !any(wanted)) {
      return;
    }
    ConstraintSink constraints = pass.checksRows() ? constraintSink(part, rows) : (c, r, v) -> {};
    workers.forRange(
        rows.height(),
        GRAIN,
        (from, to) -> {
          Pass.Range range = pass.begin(part);
          new Evaluator(part.tape(), publicValues, wanted).run(rows, from, to, constraints, range);
          range.finish();
        });
  }

  private ConstraintSink constraintSink(Part part, Rows rows) {
    AirDeclaration declaration = part.declaration();
    Failures found = failures(part.name());
    return (index, row, value) -> {
      Constraint constraint = declaration.constraints().get(index);
      found.add(
          rows.name(row),
          index,
          () ->
              new CheckFailure(
                  Kind.CONSTRAINT,
                  part.name(),
                  rows.name(row),
                  constraint.name(),
                  Cells.of(declaration, constraint.node(), rows, row),
                  null,
                  "is " + nearest(value) + ", not 0"));
    };
  }

  private static int nearest(int value) {
    return value > BabyBear.P / 2 ? value - BabyBear.P : value;
  }

  private static boolean any(boolean[] flags) {
    for (boolean flag : flags) {
      if (flag) {
        return true;
      }
    }
    return false;
  }
}
