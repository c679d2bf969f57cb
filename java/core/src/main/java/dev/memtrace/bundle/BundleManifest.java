// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code manifest.json} says. The part behind {@code initialMemory} is there once traces were
 * generated; it is the same for every backend, host, thread count and time.
 *
 * @param name name of the segment
 * @param mode how memory begins and ends
 * @param config the legal configuration
 * @param log the access log; {@code count} is its entries
 * @param initialMemory memory before the first access, or null; {@code count} is its cells
 * @param endTimestamp clock after the last entry, or null
 * @param airs the memory traces in AIR order, or null in a bundle that was not generated; empty if
 *     the traces were left out
 * @param poseidon2 the Poseidon2 traces, or null if there are none
 */
public record BundleManifest(
    String name,
    MemoryMode mode,
    MemoryConfig config,
    Stored log,
    @Nullable Stored initialMemory,
    @Nullable Long endTimestamp,
    @Nullable List<AirTrace> airs,
    @Nullable Poseidon2Traces poseidon2) {

  /** Copies the list. */
  public BundleManifest {
    airs = airs == null ? null : List.copyOf(airs);
  }

  /**
   * A file and how much is in it.
   *
   * @param file plain name, without the ending of the gzipped form
   * @param count how many entries or cells
   */
  public record Stored(String file, long count) {}

  /**
   * The trace of one AIR.
   *
   * @param name name of the AIR
   * @param width columns
   * @param height rows, padding included
   * @param usedRows rows before padding
   * @param logOrderRows leading rows whose order every producer reproduces
   * @param file the trace, row-major
   * @param publicValues canonical public values
   */
  public record AirTrace(
      String name,
      int width,
      long height,
      long usedRows,
      long logOrderRows,
      String file,
      List<Integer> publicValues) {
    /** Copies the list. */
    public AirTrace {
      publicValues = List.copyOf(publicValues);
    }
  }

  /**
   * The traces of the Poseidon2 periphery.
   *
   * @param inputs distinct inputs
   * @param width columns of the trace with one S-box register
   * @param height rows of either trace
   * @param file the trace with one S-box register
   * @param trace0 the trace without registers, or null
   */
  public record Poseidon2Traces(
      long inputs, int width, long height, String file, @Nullable WithoutRegisters trace0) {}

  /**
   * The trace of the Poseidon2 periphery without S-box registers.
   *
   * @param width columns
   * @param file the trace
   */
  public record WithoutRegisters(int width, String file) {}
}
