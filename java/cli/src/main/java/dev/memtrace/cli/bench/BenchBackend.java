// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.backend.BackendLimits;

/**
 * A backend that was measured.
 *
 * @param spec its name and its threads
 * @param description its name for reports, which says if the device is an emulated one
 * @param emulated whether a stand-in did the work of a device, so that its figures say nothing of
 *     one
 * @param limits what the processor that it works on could do at best
 * @param hostLimits what this machine could do at best with as many threads as an execution has
 */
public record BenchBackend(
    Spec spec,
    String description,
    boolean emulated,
    BackendLimits limits,
    BackendLimits hostLimits) {
  /**
   * A backend that is to be measured.
   *
   * @param name the name that {@code --backend} takes
   * @param threads threads on the host
   */
  public record Spec(String name, int threads) {}
}
