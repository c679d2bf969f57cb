// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.air.Air;
import java.util.List;

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

  /**
   * Closes inputs, all of them though one may fail to close, as on a device that is lost.
   *
   * @param inputs the inputs
   */
  public static void closeAll(List<AirProofInput> inputs) {
    RuntimeException first = null;
    for (AirProofInput input : inputs) {
      try {
        input.close();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else if (!first.equals(e)) {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
