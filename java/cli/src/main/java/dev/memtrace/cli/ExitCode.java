// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

/** Exit codes of the memtrace command. */
final class ExitCode {
  /** Done. */
  static final int DONE = 0;

  /** Done, and the answer is no. */
  static final int ANSWER_IS_NO = 1;

  /** Refused, with nothing written. */
  static final int REFUSED = 2;

  /** A bug of memtrace. */
  static final int BUG = 3;

  /** The time of --timeout was over, as timeout(1) says it. */
  static final int OUT_OF_TIME = 124;

  /** Interrupted. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
