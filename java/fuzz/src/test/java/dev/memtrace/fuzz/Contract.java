// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.check.CheckReport;

/** What holds for every input. */
final class Contract {
  private Contract() {}

  /**
   * Accepts an error that the API documents and says something.
   *
   * @param e what was thrown
   * @param documented the type that the API names
   */
  static void refused(RuntimeException e, Class<? extends RuntimeException> documented) {
    String message = e.getMessage();
    if (!documented.isInstance(e)) {
      throw new AssertionError("not an error that the API documents", e);
    }
    if (message == null || message.isBlank() || message.equals("null")) {
      throw new AssertionError("an error without a message: '" + message + "'", e);
    }
  }

  /** Accepts traces that a checker accepts. */
  static void accepted(CheckReport report) {
    if (!report.accepted()) {
      throw new AssertionError("the traces are wrong: " + report.failures());
    }
  }

  static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }
}
