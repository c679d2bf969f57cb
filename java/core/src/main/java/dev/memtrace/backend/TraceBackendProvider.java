// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

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
}
