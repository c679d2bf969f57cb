// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.air.Air;

/**
 * What a prover needs for one AIR. Whoever holds it closes it.
 *
 * @param air the AIR
 * @param trace its main trace, padding included; owned by this object
 * @param publicValues canonical public values; empty for all AIRs but Merkle
 * @param usedRows rows before padding
 * @param logOrderRows leading rows whose order the reference fixes
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of results, never compared
public record AirProofInput(
    Air air, TraceMatrix trace, int[] publicValues, long usedRows, long logOrderRows)
    implements AutoCloseable {
  @Override
  public void close() {
    trace.close();
  }
}
