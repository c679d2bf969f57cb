// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import java.util.List;

/** Found through {@link java.util.ServiceLoader}; makes one kind of backend. */
public interface TraceBackendProvider {

  /**
   * Returns the name that {@code --backend} takes.
   *
   * @return the name
   */
  String name();

  /**
   * Returns the rank in the automatic choice; the highest one that works is taken.
   *
   * @return the rank; the CPU backend has 0
   */
  int rank();

  /**
   * Makes a backend.
   *
   * @param options settings, of which those that do not apply are ignored
   * @return a new backend, closed by the caller
   * @throws BackendUnavailableException if it cannot work here, with every reason
   */
  TraceBackend create(BackendOptions options) throws BackendUnavailableException;

  /**
   * Says what the backend finds on this machine, for people. Never throws.
   *
   * @return facts in the order in which they are to be read
   */
  default List<BackendFact> diagnose() {
    return List.of();
  }
}
