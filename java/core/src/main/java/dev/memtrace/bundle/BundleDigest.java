// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.bundle.BundleManifest.AirTrace;
import dev.memtrace.bundle.BundleManifest.Poseidon2Traces;
import dev.memtrace.parallel.Workers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleConsumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The digests of a generated bundle: for each product SHA-256 over its words, for tables whose row
 * order is free over their sorted rows as well. Equal digests mean equal traces.
 *
 * @param manifest the manifest of the bundle
 * @param airs digests of the memory traces in AIR order
 * @param files digests of whole files by product name; products that are absent are left out
 * @param poseidon2 digests of the Poseidon2 products, or null if there are none
 */
public record BundleDigest(
    BundleManifest manifest,
    List<AirDigest> airs,
    Map<String, String> files,
    @Nullable Poseidon2Digest poseidon2) {

  private static final List<String> WHOLE_FILES =
      List.of(
          BundleFormat.RECORDS,
          BundleFormat.AUX,
          BundleFormat.RANGE_COUNTS,
          BundleFormat.RANGE_COUNTS_WITH_AUX,
          BundleFormat.FINAL);

  static final int POSEIDON2_INPUT_WORDS = 17;

  /** Copies the collections. */
  public BundleDigest {
    airs = List.copyOf(airs);
    files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
  }

  /**
   * Digests of one trace, in lower-case hexadecimal.
   *
   * @param air what the manifest says about it
   * @param logOrder digest of the leading rows, whose order is fixed
   * @param sortedRows digest of all rows in ascending order
   */
  public record AirDigest(AirTrace air, String logOrder, String sortedRows) {}

  /**
   * Digests of the Poseidon2 products, in lower-case hexadecimal.
   *
   * @param traces what the manifest says about them
   * @param sortedInputs digest of the inputs in ascending order
   * @param sortedRows digest of the rows of the trace with one register
   * @param sortedRows0 digest of the rows of the trace without registers, or null
   */
  public record Poseidon2Digest(
      Poseidon2Traces traces,
      String sortedInputs,
      String sortedRows,
      @Nullable String sortedRows0) {}

  /**
   * Computes the digests.
   *
   * @param bundle a generated bundle
   * @param threads how many tables are sorted at once
   * @return the digests
   * @throws BundleException if the bundle was not generated or a file is not as the manifest says
   */
  public static BundleDigest of(Bundle bundle, int threads) {
    return of(bundle, threads, done -> {});
  }

  /**
   * Computes the digests.
   *
   * @param bundle a generated bundle
   * @param threads how many tables are sorted at once
   * @param progress hears which fraction is done, on any thread
   * @return the digests
   * @throws BundleException if the bundle was not generated or a file is not as the manifest says
   */
  public static BundleDigest of(Bundle bundle, int threads, DoubleConsumer progress) {
    BundleManifest manifest = bundle.manifest();
    if (manifest.airs() == null) {
      throw new BundleException(
          bundle.folder()
              + ": holds no traces, its manifest has no airs; make them with memtrace generate");
    }
    List<Table> tables = tables(bundle.folder(), manifest.airs(), manifest.poseidon2());
    List<BundleFile> whole = wholeFiles(bundle.folder());
    WordDigest.OfRows[] ofTables = new WordDigest.OfRows[tables.size()];
    String[] ofFiles = new String[whole.size()];
    double total =
        Math.max(
            1,
            tables.stream().mapToDouble(Table::bytes).sum()
                + whole.stream().mapToDouble(BundleFile::bytes).sum());
    AtomicLong digested = new AtomicLong();
    LongConsumer more = bytes -> progress.accept(Math.min(1, digested.addAndGet(bytes) / total));
    try (Workers workers = new Workers(threads)) {
      workers.forRange(
          tables.size() + whole.size(),
          1,
          (from, to) -> {
            for (int i = (int) from; i < to; i++) {
              if (i < ofTables.length) {
                ofTables[i] = tables.get(i).digest(more);
              } else {
                ofFiles[i - ofTables.length] =
                    WordDigest.ofFile(whole.get(i - ofTables.length), more);
              }
            }
          });
    }
    return assemble(manifest, manifest.airs(), List.of(ofTables), whole, List.of(ofFiles));
  }

  private record Table(BundleFile file, long height, int width, long leadingRows) {
    double bytes() {
      return 4.0 * width * (leadingRows + height);
    }

    WordDigest.OfRows digest(LongConsumer more) {
      return WordDigest.ofRows(file, height, width, leadingRows, more);
    }
  }

  private static List<Table> tables(
      Path folder, List<AirTrace> airs, @Nullable Poseidon2Traces poseidon2) {
    List<Table> tables = new ArrayList<>();
    for (AirTrace air : airs) {
      tables.add(
          new Table(
              BundleFile.require(folder, air.file()),
              air.height(),
              air.width(),
              air.logOrderRows()));
    }
    if (poseidon2 != null) {
      tables.add(
          new Table(
              BundleFile.require(folder, BundleFormat.POSEIDON2_INPUTS),
              poseidon2.inputs(),
              POSEIDON2_INPUT_WORDS,
              0));
      tables.add(
          new Table(
              BundleFile.require(folder, poseidon2.file()),
              poseidon2.height(),
              poseidon2.width(),
              0));
      if (poseidon2.trace0() != null) {
        tables.add(
            new Table(
                BundleFile.require(folder, poseidon2.trace0().file()),
                poseidon2.height(),
                poseidon2.trace0().width(),
                0));
      }
    }
    return tables;
  }

  private static List<BundleFile> wholeFiles(Path folder) {
    List<BundleFile> files = new ArrayList<>();
    for (String name : WHOLE_FILES) {
      BundleFile file = BundleFile.find(folder, name);
      if (file != null) {
        files.add(file);
      }
    }
    return files;
  }

  private static BundleDigest assemble(
      BundleManifest manifest,
      List<AirTrace> airs,
      List<WordDigest.OfRows> ofTables,
      List<BundleFile> whole,
      List<String> ofFiles) {
    List<AirDigest> airDigests = new ArrayList<>();
    for (int i = 0; i < airs.size(); i++) {
      airDigests.add(
          new AirDigest(airs.get(i), ofTables.get(i).leading(), ofTables.get(i).sorted()));
    }
    Map<String, String> files = new LinkedHashMap<>();
    for (int i = 0; i < whole.size(); i++) {
      String name = whole.get(i).name();
      files.put(name.substring(0, name.indexOf(BundleFormat.STORED)), ofFiles.get(i));
    }
    Poseidon2Traces traces = manifest.poseidon2();
    int first = airs.size();
    Poseidon2Digest poseidon2 =
        traces == null
            ? null
            : new Poseidon2Digest(
                traces,
                ofTables.get(first).sorted(),
                ofTables.get(first + 1).sorted(),
                traces.trace0() == null ? null : ofTables.get(first + 2).sorted());
    return new BundleDigest(manifest, airDigests, files, poseidon2);
  }

  /**
   * Returns the digests in the form of {@code golden.json}.
   *
   * @return a JSON object and a line break
   */
  public String toJson() {
    return new String(JsonText.of(this::write), StandardCharsets.UTF_8);
  }

  private void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", manifest.name());
    JsonText.writeConfig(json, manifest.mode(), manifest.config());
    if (manifest.endTimestamp() != null) {
      json.writeNumberField("end_timestamp", manifest.endTimestamp());
    }
    json.writeNumberField("log_entries", manifest.log().count());
    json.writeArrayFieldStart("airs");
    for (AirDigest digest : airs) {
      AirTrace air = digest.air();
      json.writeStartObject();
      json.writeStringField("name", air.name());
      json.writeNumberField("width", air.width());
      json.writeNumberField("height", air.height());
      json.writeNumberField("used_rows", air.usedRows());
      json.writeNumberField("log_order_rows", air.logOrderRows());
      JsonText.writeIntegers(json, "public_values", air.publicValues());
      json.writeStringField("log_order_sha256", digest.logOrder());
      json.writeStringField("sorted_rows_sha256", digest.sortedRows());
      json.writeEndObject();
    }
    json.writeEndArray();
    for (Map.Entry<String, String> file : files.entrySet()) {
      json.writeStringField(file.getKey() + "_sha256", file.getValue());
    }
    if (poseidon2 != null) {
      writePoseidon2(json, poseidon2);
    }
    json.writeEndObject();
  }

  private static void writePoseidon2(JsonGenerator json, Poseidon2Digest digest)
      throws IOException {
    Poseidon2Traces traces = digest.traces();
    json.writeObjectFieldStart("poseidon2");
    json.writeNumberField("inputs", traces.inputs());
    json.writeStringField("inputs_sorted_sha256", digest.sortedInputs());
    json.writeNumberField("width", traces.width());
    json.writeNumberField("height", traces.height());
    json.writeStringField("sorted_rows_sha256", digest.sortedRows());
    if (traces.trace0() != null && digest.sortedRows0() != null) {
      json.writeNumberField("width_r0", traces.trace0().width());
      json.writeStringField("sorted_rows_r0_sha256", digest.sortedRows0());
    }
    json.writeEndObject();
  }
}
