// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.periphery;

import java.lang.foreign.MemorySegment;

/**
 * Distinct inputs of the Poseidon2 permutation with their multiplicities, in the order of their
 * first request, that lie where a backend has counted them: in the memory of a device, say. Usable
 * until it is closed, even if the backend is closed before. Thread-safe.
 */
public interface RecordedInputs extends AutoCloseable {
  /**
   * Returns the number of distinct inputs.
   *
   * @return rows
   */
  long size();

  /**
   * Returns how many inputs were requested in all.
   *
   * @return the sum of the multiplicities
   */
  long requests();

  /**
   * Copies all rows to the host.
   *
   * @param target native memory that receives {@link #size()} rows of {@link
   *     Poseidon2Periphery#ROW_WORDS} words from its start: 16 canonical elements and the
   *     multiplicity
   * @throws IndexOutOfBoundsException if {@code target} is too small
   * @throws IllegalStateException if the batch is closed
   */
  void copyTo(MemorySegment target);

  /** Gives the memory back. Closing twice has no effect. */
  @Override
  void close();
}
