// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.instrument.HeardStages;
import dev.memtrace.instrument.Stage;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogSegment;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a listener hears while a bundle is made, against the files of the bundle. */
public final class BundleStages {
  private BundleStages() {}

  /**
   * Makes all products of a case and asserts which bytes each stage has reported; those of uploads,
   * records and transfers are left to the caller.
   *
   * @return the bytes of the log
   */
  public static long assertHeard(Path golden, TraceBackend backend, HeardStages heard, Path out)
      throws IOException {
    long start = System.nanoTime();
    new BundleGenerator(Bundle.open(golden), backend, Product.all(), GenerationListener.NONE)
        .generate(out, false);
    long elapsed = System.nanoTime() - start;
    Map<Stage, Long> want = new EnumMap<>(Stage.class);
    BundleManifest manifest = Bundle.open(out).manifest();
    List<AirTrace> airs = Objects.requireNonNull(manifest.airs());
    for (AirTrace air : airs) {
      Stage stage =
          switch (air.name()) {
            case "Boundary" -> Stage.BOUNDARY;
            case "Merkle" -> Stage.MERKLE;
            default -> Stage.ADAPTERS;
          };
      want.merge(stage, size(out, air.file()), Long::sum);
    }
    if (manifest.mode() == MemoryMode.PERSISTENT) {
      long requests = airs.get(0).usedRows() + airs.get(1).usedRows();
      want.put(
          Stage.POSEIDON2,
          64 * requests
              + size(out, BundleFormat.POSEIDON2_AIR)
              + size(out, BundleFormat.POSEIDON2_AIR_R0));
    }
    want.put(Stage.RANGE_COUNTS, size(out, BundleFormat.RANGE_COUNTS));
    want.put(Stage.AUX, size(out, "aux.bin"));
    long logBytes = logBytes(golden);
    want.put(Stage.REPLAY, logBytes);
    want.forEach((stage, bytes) -> assertThat(heard.bytes(stage)).as("%s", stage).isEqualTo(bytes));
    assertThat(heard.stages()).containsAll(want.keySet()).contains(Stage.RECORDS);
    assertThat(heard.calls()).allMatch(call -> call.wallNanos() >= 0);
    assertThat(heard.wallNanos()).isBetween(1L, elapsed);
    return logBytes;
  }

  private static long logBytes(Path golden) {
    AccessLog log = Bundle.open(golden).readLog(BufferPool.shared(), _ -> {});
    try {
      return log.segments().stream().mapToLong(LogSegment::byteSize).sum();
    } finally {
      log.release();
    }
  }

  /** Bytes of a file of a bundle. */
  public static long size(Path bundle, String file) throws IOException {
    return Files.size(bundle.resolve(file));
  }
}
