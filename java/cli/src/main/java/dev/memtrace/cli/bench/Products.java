// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli.bench;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** What a run has made, as fingerprints. */
final class Products {
  private static final long SEED = 0;

  private final TraceBackend backend;
  private final SequencedMap<String, Long> fingerprints = new LinkedHashMap<>();

  /** Rows of zeros at the end of a trace do not change its fingerprint. */
  private final WordHash heights = new WordHash();

  private long bytes;

  Products(TraceBackend backend) {
    this.backend = backend;
  }

  /** Takes the fingerprint of a trace and closes it. */
  void addAndClose(String name, TraceMatrix trace) {
    try (trace) {
      fingerprints.put(name, backend.fingerprint(trace, SEED));
      heights.add((int) trace.height());
      bytes += trace.byteSize();
    }
  }

  /** Takes the hash of words. */
  void add(String name, WordStream words) {
    WordHash hash = new WordHash();
    words.forEachChunk(hash::add);
    fingerprints.put(name, hash.value());
    bytes += 4 * words.words();
  }

  /** Takes a hash that was made elsewhere. */
  void add(String name, WordHash hash) {
    fingerprints.put(name, hash.value());
  }

  /** The fingerprint of each product, and those of the heights of all traces. */
  Map<String, Long> fingerprints() {
    fingerprints.put("heights", heights.value());
    return fingerprints;
  }

  /** Bytes of all products. */
  long bytes() {
    return bytes;
  }
}
