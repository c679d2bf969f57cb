// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import java.util.Locale;

/**
 * A part of the work on a segment after execution. Which bytes count is said for each stage; all
 * backends agree on it, so that their rates can be compared.
 */
public enum Stage {
  /** Copies of log and initial memory to a device; bytes copied. Never on the CPU. */
  UPLOAD,

  /**
   * Replay of the log with the finalisation pass; bytes of the log. On the CPU this pass writes
   * adapter rows too, and what records hold beyond the log; on a device it only counts them.
   */
  REPLAY,

  /**
   * Records of the accesses, made when they are read; bytes of the records. On the CPU most of what
   * they hold is there from {@link #REPLAY}.
   */
  RECORDS,

  /**
   * Traces of the access adapters; bytes of the traces, padding included. The rows themselves are
   * made by {@link #REPLAY} on the CPU, where this is the merging of rows that several threads
   * made, and padding.
   */
  ADAPTERS,

  /**
   * Trace of the boundary, in persistent mode without its hashes; bytes of the trace. The range
   * checks of a volatile boundary are counted in the same pass.
   */
  BOUNDARY,

  /**
   * Digests of the memory tree, initial ones included where they are not known, and the Merkle
   * trace; bytes of the trace.
   */
  MERKLE,

  /**
   * Distinct Poseidon2 inputs, and the trace of the Poseidon2 periphery if it is asked for; bytes
   * of the requests and of the trace.
   */
  POSEIDON2,

  /** Range checks of the adapters and the trace of the range checker; bytes of the counts. */
  RANGE_COUNTS,

  /** Auxiliary columns of all accesses with their range checks; bytes of the columns. */
  AUX,

  /** Copies of products from a device to the host; bytes copied. Never on the CPU. */
  TRANSFER;

  private final String label = name().toLowerCase(Locale.ROOT);

  /**
   * Returns the name in reports: lower case, words joined by underscores.
   *
   * @return the name
   */
  public String label() {
    return label;
  }
}
