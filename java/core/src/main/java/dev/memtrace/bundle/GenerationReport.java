// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.bundle.GenerationListener.Stage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What a generation did. Unlike the manifest it may differ from run to run.
 *
 * @param target the folder that was made
 * @param manifest its manifest
 * @param backend name of the backend that was used
 * @param heights used rows of the memory traces in AIR order
 * @param initialRoot root before the first access, 8 elements; empty in volatile mode
 * @param finalRoot root after the last access, 8 elements; empty in volatile mode
 * @param bytesWritten bytes of products and manifest
 * @param times wall-clock time of each stage
 */
public record GenerationReport(
    Path target,
    BundleManifest manifest,
    String backend,
    List<Long> heights,
    List<Integer> initialRoot,
    List<Integer> finalRoot,
    long bytesWritten,
    Map<Stage, Duration> times) {
  /** Copies the collections. */
  public GenerationReport {
    heights = List.copyOf(heights);
    initialRoot = List.copyOf(initialRoot);
    finalRoot = List.copyOf(finalRoot);
    times = Map.copyOf(times);
  }
}
