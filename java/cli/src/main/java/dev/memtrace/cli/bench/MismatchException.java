// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

/**
 * Two runs on the same log have made different products, so no figure of either is worth anything.
 */
public final class MismatchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates a finding.
   *
   * @param message workload, product, and both fingerprints with those who made them
   */
  public MismatchException(String message) {
    super(message);
  }
}
