// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.air.Air;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.BundleManifest.Poseidon2Traces;
import dev.memtrace.check.BadProductException;
import dev.memtrace.check.CheckInterruptedException;
import dev.memtrace.check.CheckReport;
import dev.memtrace.check.TraceChecker;
import dev.memtrace.check.WordSource;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/** Checks a generated bundle without a prover. Loads one trace at a time. */
public final class BundleVerifier {
  private static final double AFTER_READ = 0.3;

  private final Bundle bundle;
  private final BundleManifest manifest;
  private final List<AirTrace> airs;
  private final BufferPool pool;
  private final TraceChecker checker;

  private BundleVerifier(Bundle bundle, List<AirTrace> airs) {
    this.bundle = bundle;
    this.manifest = bundle.manifest();
    this.airs = airs;
    this.pool = BufferPool.shared();
    this.checker = TraceChecker.of(manifest.mode(), manifest.config());
  }

  /**
   * Says which products a check cannot do without.
   *
   * @param mode how memory begins and ends
   * @return products; what else a bundle has is checked too
   */
  public static Set<Product> required(MemoryMode mode) {
    Set<Product> required = EnumSet.of(Product.AIRS, Product.RECORDS, Product.RANGE_COUNTS);
    if (mode == MemoryMode.PERSISTENT) {
      required.add(Product.POSEIDON2);
    }
    return required;
  }

  /**
   * Checks a bundle.
   *
   * @param bundle a generated bundle
   * @param threads how many threads work
   * @param maxFailures how many failures the report lists
   * @param progress hears which fraction is done
   * @return the verdict; a product that is missing or has another size than it should is a failure
   * @throws CheckInterruptedException if the calling thread is interrupted
   * @throws BundleException if the bundle was not generated, or its log or initial memory is not
   *     legal, or a file cannot be read
   */
  public static CheckReport verify(
      Bundle bundle, int threads, int maxFailures, DoubleConsumer progress) {
    List<AirTrace> airs = bundle.manifest().airs();
    if (airs == null) {
      throw new BundleException(
          bundle.folder()
              + ": holds no traces, its manifest has no airs; make them with memtrace generate");
    }
    try {
      return new BundleVerifier(bundle, airs).verify(threads, maxFailures, progress);
    } catch (BundleException e) {
      // A file cannot be read by a thread that is interrupted.
      throw Thread.currentThread().isInterrupted() ? new CheckInterruptedException(e) : e;
    }
  }

  private CheckReport verify(int threads, int maxFailures, DoubleConsumer progress) {
    double stored = Math.max(1, bundle.storedBytes());
    double before = bundle.initialMemory() == null ? 0 : bundle.initialMemory().bytes();
    AddressMap initial =
        bundle.readInitialMemory(bytes -> progress.accept(AFTER_READ * bytes / stored));
    @Nullable AddressMap last = null;
    @Nullable AccessLog log = null;
    try {
      log =
          bundle.readLog(
              pool, bytes -> progress.accept(AFTER_READ * Math.min(1, (before + bytes) / stored)));
      checker.log(log).initialMemory(initial);
      addTraces();
      addPoseidon2();
      addRecords();
      last = finalMemory();
      if (last != null) {
        checker.finalMemory(last);
      }
      addRangeCounts();
      if (manifest.endTimestamp() != null) {
        checker.endTimestamp(manifest.endTimestamp());
      }
      return checker
          .pool(pool)
          .threads(threads)
          .maxFailures(maxFailures)
          .progress(done -> progress.accept(AFTER_READ + (1 - AFTER_READ) * done))
          .check();
    } finally {
      initial.release();
      if (last != null) {
        last.release();
      }
      if (log != null) {
        log.release();
      }
    }
  }

  private static void unheard(long bytes) {}

  private @Nullable BundleFile find(String name) {
    return BundleFile.find(bundle.folder(), name);
  }

  // ------------------------------------------------------------------ traces

  private void addTraces() {
    List<String> wanted =
        TraceChecker.memoryAirs(manifest.mode(), manifest.config()).stream()
            .map(Air::name)
            .toList();
    List<String> names = airs.stream().map(AirTrace::name).toList();
    if (!names.equals(wanted)) {
      checker.reject("memory AIRs", "the manifest has " + names + ", not " + wanted);
      return;
    }
    for (AirTrace air : airs) {
      checker.air(
          air.name(),
          new BundleTrace(bundle.folder(), air.file(), air.height(), air.width(), pool),
          air.publicValues().stream().mapToInt(Integer::intValue).toArray(),
          air.usedRows(),
          air.logOrderRows());
    }
  }

  private void addPoseidon2() {
    if (manifest.mode() == MemoryMode.VOLATILE) {
      return;
    }
    Poseidon2Traces traces = manifest.poseidon2();
    Path folder = bundle.folder();
    boolean found = false;
    if (traces != null) {
      if (find(traces.file()) == null) {
        checker.skip(traces.file(), "is missing");
      } else {
        found = true;
        checker.poseidon2(
            1, new BundleTrace(folder, traces.file(), traces.height(), traces.width(), pool));
      }
      BundleManifest.WithoutRegisters other = traces.trace0();
      if (other == null || find(other.file()) == null) {
        checker.skip(BundleFormat.POSEIDON2_AIR_R0, "is missing");
      } else {
        found = true;
        checker.poseidon2(
            0, new BundleTrace(folder, other.file(), traces.height(), other.width(), pool));
      }
      if (find(BundleFormat.POSEIDON2_INPUTS) == null) {
        checker.skip(BundleFormat.POSEIDON2_INPUTS, "is missing");
      } else {
        checker.poseidon2Inputs(
            new BundleTrace(
                folder,
                BundleFormat.POSEIDON2_INPUTS,
                traces.inputs(),
                BundleDigest.POSEIDON2_INPUT_WORDS,
                pool));
      }
    }
    if (!found) {
      checker.reject("Poseidon2Periphery", "there is no trace, so no compression can be checked");
    }
  }

  // ------------------------------------------------------------------ other products

  private void addRecords() {
    BundleFile records = find(BundleFormat.RECORDS);
    if (records == null) {
      checker.reject(BundleFormat.RECORDS, "is missing, so no access can be checked");
    } else {
      checker.records(words(records));
    }
    BundleFile aux = find(BundleFormat.AUX);
    if (aux == null) {
      checker.skip(BundleFormat.AUX, "is missing");
    } else {
      checker.auxColumns(words(aux));
    }
  }

  private static WordSource words(BundleFile file) {
    return () -> {
      WordReader in = WordReader.open(file, BundleVerifier::unheard);
      return new WordSource.Reader() {
        @Override
        public int read(int[] target, int offset, int length) {
          int done = 0;
          while (done < length && in.available(1) > 0) {
            int n = Math.min(length - done, in.limit - in.position);
            System.arraycopy(in.words, in.position, target, offset + done, n);
            in.position += n;
            done += n;
          }
          return done;
        }

        @Override
        public void close() {
          in.close();
        }
      };
    };
  }

  private @Nullable AddressMap finalMemory() {
    BundleFile file = find(BundleFormat.FINAL);
    if (file == null) {
      checker.skip(BundleFormat.FINAL, "is missing");
      return null;
    }
    try {
      return CellReader.read(
          file,
          countWords(file) / BundleFormat.CELL_WORDS,
          manifest.config(),
          BundleVerifier::unheard);
    } catch (BundleException e) {
      checker.reject(BundleFormat.FINAL, String.valueOf(e.getMessage()));
      return null;
    }
  }

  private static long countWords(BundleFile file) {
    if (!file.gzip()) {
      return file.bytes() / 4;
    }
    long words = 0;
    try (WordReader in = WordReader.open(file, BundleVerifier::unheard)) {
      while (in.available(1) > 0) {
        words += in.limit - in.position;
        in.position = in.limit;
      }
    }
    return words;
  }

  private void addRangeCounts() {
    int[] counts = counts(BundleFormat.RANGE_COUNTS);
    if (counts != null) {
      checker.rangeCounts(counts);
    } else if (find(BundleFormat.RANGE_COUNTS) == null) {
      checker.reject(BundleFormat.RANGE_COUNTS, "is missing");
    }
    int[] withAux = counts(BundleFormat.RANGE_COUNTS_WITH_AUX);
    if (withAux != null) {
      checker.rangeCountsWithAux(withAux);
    } else if (find(BundleFormat.RANGE_COUNTS_WITH_AUX) == null) {
      checker.skip(BundleFormat.RANGE_COUNTS_WITH_AUX, "is missing");
    }
  }

  private int @Nullable [] counts(String name) {
    BundleFile file = find(name);
    if (file == null) {
      return null;
    }
    int rows = 2 << manifest.config().rangeMaxBits();
    long words = countWords(file);
    if (words != rows || (!file.gzip() && file.bytes() % 4 != 0)) {
      checker.reject(name, "has " + words + " words; the table has " + rows + " rows");
      return null;
    }
    int[] counts = new int[rows];
    try (WordSource.Reader in = words(file).open()) {
      if (in.read(counts, 0, rows) != rows) {
        throw new BadProductException(name + " changes while it is read");
      }
    }
    return counts;
  }
}
