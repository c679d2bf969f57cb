// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

/** Thrown when a log is too large to be analysed. The message says what to do. */
public final class AnalysisLimitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  AnalysisLimitException(String message) {
    super(message);
  }
}
