// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.check;

/** What is done with the rows of all parts, part after part. */
interface Pass {

  /** Says which interactions of a part are looked at. */
  boolean[] wanted(Part part);

  /** Whether constraints, records and memory are checked too. */
  boolean checksRows();

  /** Begins a range of rows of a part, on the thread that evaluates it. */
  Range begin(Part part);

  /** A range of rows. */
  interface Range extends InteractionSink {
    /** Ends the range. */
    void finish();
  }
}
