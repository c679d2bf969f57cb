// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

import java.util.List;

/**
 * The verdict on a segment.
 *
 * @param failures the first failures: those of the AIRs in AIR order, then of the log, then of the
 *     buses; empty if all that was checked holds
 * @param found how many failures were counted; more than are listed if there are too many
 * @param checked what was checked and holds or not, a line each
 * @param notChecked what could not be checked and why, a line each
 */
public record CheckReport(
    List<CheckFailure> failures, long found, List<String> checked, List<String> notChecked) {
  /** Copies the lists. */
  public CheckReport {
    failures = List.copyOf(failures);
    checked = List.copyOf(checked);
    notChecked = List.copyOf(notChecked);
  }

  /**
   * Says whether nothing that was checked is wrong.
   *
   * @return true if there is no failure
   */
  public boolean accepted() {
    return found == 0;
  }
}
