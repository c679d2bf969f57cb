// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import dev.memtrace.poseidon2.Poseidon2Batch;

/**
 * An implementation of everything after the log. All backends make the same bytes. Thread-safe;
 * sessions of one backend may run side by side.
 */
public interface TraceBackend extends AutoCloseable {

  /**
   * Returns the name that {@code --backend} takes.
   *
   * @return the name
   */
  String name();

  /**
   * Returns the name for reports, which also says if the device is not a real one.
   *
   * @return the name, with an addition where one is due
   */
  default String description() {
    return name();
  }

  /**
   * Returns the pool from which controllers take log and image memory.
   *
   * @return the pool
   */
  BufferPool pool();

  /**
   * Opens a session.
   *
   * @param mode mode of the memory
   * @param initial memory before the first access, which no longer changes and outlives the
   *     session; its configuration is legal in that mode
   * @return a new session
   */
  TraceSession open(MemoryMode mode, AddressMap initial);

  /**
   * Opens a session that begins with a state, which may have the memory tree already. A backend
   * that keeps no trees takes the cells alone, as here.
   *
   * @param mode mode of the memory
   * @param initial memory before the first access, whose cells no longer change and which outlives
   *     the session; its configuration is legal in that mode
   * @return a new session
   */
  default TraceSession open(MemoryMode mode, MemoryState initial) {
    return open(mode, initial.image());
  }

  /**
   * Makes the trace of the Poseidon2 periphery: a row per distinct input in the order of first
   * request, then rows of the zero input with multiplicity 0.
   *
   * @param hasher the inputs
   * @param registers S-box registers, 0 or 1
   * @return a trace of {@code Poseidon2Air.width(registers)} columns, owned by the caller; of
   *     height 0 if nothing was recorded
   */
  TraceMatrix poseidon2Trace(Poseidon2Periphery hasher, int registers);

  /**
   * Makes the trace of the range checker.
   *
   * @param rangeChecker the counts
   * @return a trace of one column, owned by the caller
   */
  TraceMatrix rangeCheckerTrace(VariableRangeChecker rangeChecker);

  /**
   * Computes the fingerprint of a trace, where it lies if this backend can. All backends compute
   * the same.
   *
   * @param trace a trace of any backend
   * @param seed any number; fingerprints are compared under equal seeds
   * @return the fingerprint that {@link Fingerprint} defines
   */
  default long fingerprint(TraceMatrix trace, long seed) {
    try (Workers caller = new Workers(1)) {
      return new Fingerprint(seed).of(trace, caller, pool());
    }
  }

  /**
   * Measures what the processor of this backend could do at best, which takes a tenth of a second
   * or so, 256 MiB on the host and up to 2 GiB on a device. The processor of a backend that does
   * not override this is the calling thread.
   *
   * @return its limits
   * @throws dev.memtrace.offheap.OutOfNativeMemoryException if the host has too little memory
   * @throws DeviceMemoryException if the device has
   */
  default BackendLimits measureLimits() {
    try (Workers caller = new Workers(1)) {
      return BackendLimits.ofHost(caller, Poseidon2Batch.best(), pool());
    }
  }

  /**
   * Says how much device memory was in use at most, products and resident memory included, since
   * this was asked last.
   *
   * @return bytes; 0 if the backend uses no device
   */
  default long takePeakDeviceBytes() {
    return 0;
  }

  /** Frees what the backend holds. Sessions must be closed before. */
  @Override
  void close();
}
