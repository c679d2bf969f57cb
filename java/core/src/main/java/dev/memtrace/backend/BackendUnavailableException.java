// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import java.util.List;

/** Thrown when a backend cannot work on this machine; carries every reason, one line each. */
public final class BackendUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  /** The reasons. */
  private final String[] reasons;

  /**
   * Creates the exception.
   *
   * @param backend name of the backend
   * @param reasons why it cannot work, one line each
   */
  public BackendUnavailableException(String backend, List<String> reasons) {
    super("backend " + backend + " is not available: " + String.join("; ", reasons));
    this.reasons = reasons.toArray(String[]::new);
  }

  /**
   * Returns the reasons.
   *
   * @return one line each
   */
  public List<String> reasons() {
    return List.of(reasons);
  }
}
