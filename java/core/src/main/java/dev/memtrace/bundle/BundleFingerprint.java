// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.Fingerprint;
import dev.memtrace.backend.HostTraceMatrix;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.BundleManifest.Poseidon2Traces;
import dev.memtrace.field.BabyBear;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import dev.memtrace.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleConsumer;

/**
 * Fingerprints of the traces of a generated bundle, to compare with those that a device computes of
 * traces that lie on it.
 *
 * @param manifest the manifest of the bundle
 * @param seed the seed of the fingerprints
 * @param traces the memory traces in AIR order, then those of Poseidon2 with one S-box register and
 *     with none; traces that are absent are left out
 */
public record BundleFingerprint(BundleManifest manifest, long seed, List<Trace> traces) {
  /** Copies the list. */
  public BundleFingerprint {
    traces = List.copyOf(traces);
  }

  /**
   * The fingerprint of one trace.
   *
   * @param name name of the trace
   * @param width columns
   * @param height rows, padding included
   * @param fingerprint the fingerprint
   */
  public record Trace(String name, int width, long height, long fingerprint) {}

  /** A trace in a file. */
  private record Stored(String name, int width, long height, String file) {
    double bytes() {
      return 4.0 * width * height;
    }
  }

  /**
   * Computes the fingerprints.
   *
   * @param bundle a generated bundle
   * @param seed the seed
   * @param threads how many threads share the work
   * @param progress hears which fraction is done
   * @return the fingerprints
   * @throws BundleException if the bundle holds no traces or a file is not as the manifest says
   */
  public static BundleFingerprint of(
      Bundle bundle, long seed, int threads, DoubleConsumer progress) {
    BundleManifest manifest = bundle.manifest();
    List<Stored> stored = stored(bundle);
    Fingerprint fingerprint = new Fingerprint(seed);
    List<Trace> traces = new ArrayList<>();
    double total = Math.max(1, stored.stream().mapToDouble(Stored::bytes).sum());
    double done = 0;
    try (Workers workers = new Workers(threads)) {
      for (Stored trace : stored) {
        BundleFile file = BundleFile.require(bundle.folder(), trace.file());
        try (TraceMatrix matrix = read(file, trace)) {
          traces.add(
              new Trace(
                  trace.name(),
                  trace.width(),
                  trace.height(),
                  fingerprint.of(matrix, workers, BufferPool.shared())));
        }
        done += trace.bytes();
        progress.accept(done / total);
      }
    }
    return new BundleFingerprint(manifest, seed, traces);
  }

  private static List<Stored> stored(Bundle bundle) {
    List<AirTrace> airs = bundle.manifest().airs();
    Poseidon2Traces poseidon2 = bundle.manifest().poseidon2();
    List<Stored> stored = new ArrayList<>();
    if (airs != null) {
      airs.forEach(
          air -> stored.add(new Stored(air.name(), air.width(), air.height(), air.file())));
    }
    if (poseidon2 != null) {
      stored.add(new Stored("Poseidon2", poseidon2.width(), poseidon2.height(), poseidon2.file()));
      if (poseidon2.trace0() != null) {
        stored.add(
            new Stored(
                "Poseidon2 without registers",
                poseidon2.trace0().width(),
                poseidon2.height(),
                poseidon2.trace0().file()));
      }
    }
    if (stored.isEmpty()) {
      throw new BundleException(
          bundle.folder()
              + ": holds no traces; make them with memtrace generate, products airs or poseidon2");
    }
    return stored;
  }

  private static TraceMatrix read(BundleFile file, Stored trace) {
    BufferPool pool = BufferPool.shared();
    long bytes = Math.multiplyExact(4L * trace.width(), trace.height());
    if (!file.gzip() && file.bytes() != bytes) {
      throw WordDigest.wrongSize(file, trace.height(), trace.width());
    }
    MemorySegment buffer = pool.acquire(bytes);
    boolean complete = false;
    try {
      MemorySegment cells = buffer.asSlice(0, bytes);
      WordDigest.load(file, cells, trace.height(), trace.width());
      requireCanonical(file, cells);
      TraceMatrix matrix =
          new HostTraceMatrix(
              pool,
              buffer,
              trace.height(),
              trace.width(),
              TraceOrder.ROW_MAJOR,
              FieldEncoding.CANONICAL);
      complete = true;
      return matrix;
    } finally {
      if (!complete) {
        pool.release(buffer);
      }
    }
  }

  private static void requireCanonical(BundleFile file, MemorySegment cells) {
    for (long at = 0; at < cells.byteSize(); at += 4) {
      int word = cells.get(IntBuffer64.WORD, at);
      if (!BabyBear.isCanonical(word)) {
        throw new BundleException(
            "%s: word %d is %s, which is not below p = %d; generate the bundle again"
                .formatted(file.name(), at / 4, Integer.toUnsignedString(word), BabyBear.P));
      }
    }
  }
}
