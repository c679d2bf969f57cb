// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

/**
 * Requests to the range checker.
 *
 * @param boundary those of the boundary
 * @param adapters those of all access adapters
 * @param auxiliaryColumns those of the auxiliary columns of all accesses, immediates included
 */
public record RangeCheckLoad(long boundary, long adapters, long auxiliaryColumns) {
  /**
   * Returns all requests.
   *
   * @return requests
   */
  public long all() {
    return boundary + adapters + auxiliaryColumns;
  }
}
