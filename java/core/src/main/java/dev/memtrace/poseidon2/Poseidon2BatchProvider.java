// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

/** Found through {@link java.util.ServiceLoader}; makes one kind of batch. */
public interface Poseidon2BatchProvider {
  /**
   * Names the provider for reports.
   *
   * @return a short name, such as {@code native}
   */
  String name();

  /**
   * Returns the rank in the choice of {@link Poseidon2Batch#best}; the highest one that works is
   * taken.
   *
   * @return the rank; the portable batch has 0
   */
  int rank();

  /**
   * Makes the batch.
   *
   * @return a batch
   * @throws Poseidon2UnavailableException if it cannot work here
   */
  Poseidon2Batch create() throws Poseidon2UnavailableException;
}
