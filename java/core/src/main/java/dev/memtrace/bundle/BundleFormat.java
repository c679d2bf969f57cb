// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.durable.DurableFiles;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Names that the bundle format fixes. */
final class BundleFormat {
  static final String FORMAT = "memory-trace-bundle/1";
  static final String MANIFEST = "manifest.json";
  static final String LOG = "log.bin";
  static final String INITIAL = "initial.bin";
  static final String RECORDS = "records.bin";
  static final String AUX = "aux.bin";
  static final String RANGE_COUNTS = "range_counts.bin";
  static final String RANGE_COUNTS_WITH_AUX = "range_counts_with_aux.bin";
  static final String FINAL = "final.bin";
  static final String POSEIDON2_INPUTS = "poseidon2_inputs.bin";
  static final String POSEIDON2_AIR = "poseidon2_air.bin";
  static final String POSEIDON2_AIR_R0 = "poseidon2_air_r0.bin";
  static final String STORED = ".bin";
  static final String GZIP = ".gz";

  /** Words of an entry of {@link #INITIAL} and {@link #FINAL}: address space, pointer, value. */
  static final int CELL_WORDS = 3;

  private BundleFormat() {}

  static String air(int index) {
    return String.format(Locale.ROOT, "air_%02d.bin", index);
  }

  /** Whether an output bundle has a file of that name beside the log and the initial memory. */
  static boolean isProduct(String name) {
    return switch (name) {
      case RECORDS,
          AUX,
          RANGE_COUNTS,
          RANGE_COUNTS_WITH_AUX,
          FINAL,
          POSEIDON2_INPUTS,
          POSEIDON2_AIR,
          POSEIDON2_AIR_R0 ->
          true;
      default -> name.matches("air_\\d+\\.bin");
    };
  }

  /** Why a file name is not a plain name inside the bundle, or null if it is one. */
  static @Nullable String whyNotPlain(String name) {
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      return "is no file name";
    }
    if (name.indexOf('/') >= 0 || name.indexOf('\\') >= 0 || name.indexOf(':') >= 0) {
      return "leaves the bundle";
    }
    if (name.chars().anyMatch(c -> c < 0x20 || c == 0x7F)) {
      return "has a control character";
    }
    if (name.equals(MANIFEST)) {
      return "is the manifest itself";
    }
    if (name.endsWith(GZIP)) {
      return "is the gzipped form; name the file without " + GZIP + ", either form is found";
    }
    return null;
  }

  /** What the system says about an error, without the path that the message already names. */
  static String reason(IOException e) {
    return DurableFiles.reason(e);
  }
}
