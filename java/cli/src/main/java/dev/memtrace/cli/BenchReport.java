// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.memtrace.backend.BackendLimits;
import dev.memtrace.cli.bench.BenchBackend;
import dev.memtrace.cli.bench.BenchStage;
import dev.memtrace.cli.bench.BenchWorkload;
import dev.memtrace.cli.bench.Measurement;
import dev.memtrace.cli.bench.Spread;
import dev.memtrace.cli.bench.StageFigure;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The result of the command bench.
 *
 * @param version of memtrace and of Java
 * @param threads threads of the backends in the table
 * @param warmUp least number of runs that do not count
 * @param repeat runs that do
 * @param seed seed of made logs
 * @param scale entries of the made logs in the table
 * @param measurements all of them
 */
record BenchReport(
    String version,
    int threads,
    int warmUp,
    int repeat,
    long seed,
    long scale,
    List<Measurement> measurements) {
  static final String EMULATED =
      "EMULATED: these figures are of a stand-in on the host and say nothing about a GPU";

  BenchReport {
    measurements = List.copyOf(measurements);
  }

  /** The processor and the system, in words. */
  static String machine() {
    return "%s %s, %s, %,d processors, %,d bytes of Java heap"
        .formatted(
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            System.getProperty("os.arch"),
            Runtime.getRuntime().availableProcessors(),
            Runtime.getRuntime().maxMemory());
  }

  /** Those of the table: each log at its length in the table, with the threads of the table. */
  List<Measurement> table() {
    return measurements.stream()
        .filter(one -> one.backend().spec().threads() == threads && isOfTable(one.workload()))
        .toList();
  }

  private boolean isOfTable(BenchWorkload workload) {
    return !workload.generated() || workload.entries() == scale;
  }

  /** Nanoseconds an entry by length, for each made log on each backend; none if all have one. */
  Map<String, Map<Long, Measurement>> bySize() {
    return lines(
        one -> one.workload().generated() && one.backend().spec().threads() == threads,
        one -> one.workload().name() + " on " + one.backend().description(),
        one -> one.workload().entries());
  }

  /** Nanoseconds an entry by threads, for the first log on the CPU; none if there is one number. */
  Map<String, Map<Long, Measurement>> byThreads() {
    Measurement first = measurements.getFirst();
    return lines(
        one -> one.workload().equals(first.workload()) && one.backend().spec().name().equals("cpu"),
        one -> one.workload().name(),
        one -> (long) one.backend().spec().threads());
  }

  private Map<String, Map<Long, Measurement>> lines(
      Predicate<Measurement> which,
      java.util.function.Function<Measurement, String> name,
      java.util.function.ToLongFunction<Measurement> place) {
    Map<String, Map<Long, Measurement>> lines = new LinkedHashMap<>();
    measurements.stream()
        .filter(which)
        .forEach(
            one ->
                lines
                    .computeIfAbsent(name.apply(one), _ -> new java.util.TreeMap<>())
                    .put(place.applyAsLong(one), one));
    lines.values().removeIf(line -> line.size() < 2);
    return lines;
  }

  /** Every backend once. */
  List<BenchBackend> backends() {
    return new ArrayList<>(
        new LinkedHashSet<>(measurements.stream().map(Measurement::backend).toList()));
  }

  boolean emulated() {
    return measurements.stream().anyMatch(one -> one.backend().emulated());
  }

  static String describe(BenchBackend backend) {
    BackendLimits limits = backend.limits();
    String ofProcessor =
        String.format(
            Locale.ROOT,
            "%s: copies of %.1f GB/s (read and written), %.1f million Poseidon2 permutations/s",
            name(backend),
            limits.bytesPerSecond() / 1e9,
            limits.permutationsPerSecond() / 1e6);
    double transferred = limits.transferredBytesPerSecond();
    return transferred == 0
        ? ofProcessor
        : ofProcessor
            + String.format(Locale.ROOT, ", %.1f GB/s between host and device", transferred / 1e9);
  }

  static String name(BenchBackend backend) {
    int count = backend.spec().threads();
    return backend.description() + " on " + count + (count == 1 ? " thread" : " threads");
  }

  static String title(Measurement one) {
    return "%s, %,d entries, %s"
        .formatted(
            Results.printable(one.workload().name()),
            one.workload().entries(),
            name(one.backend()));
  }

  /** Columns of the table of one measurement. */
  static final List<String> COLUMNS =
      List.of(
          "stage",
          "median ns",
          "min ns",
          "max ns",
          "device ns",
          "ns/entry",
          "GB/s",
          "limit",
          "share");

  /** Rows of the table of one measurement. */
  static List<List<String>> rows(Measurement one) {
    List<List<String>> rows = new ArrayList<>();
    for (BenchStage stage : BenchStage.values()) {
      StageFigure figure = one.figure(stage);
      StageFigure.Limit limit = one.limit(stage);
      Spread device = figure.device();
      rows.add(
          List.of(
              stage.label(),
              TextTable.number(figure.wall().median()),
              TextTable.number(figure.wall().min()),
              TextTable.number(figure.wall().max()),
              device == null ? "-" : TextTable.number(device.median()),
              decimal(figure.nsPerEntry(one.workload().entries())),
              figure.bytes() == 0 ? "-" : decimal(figure.gbPerSecond()),
              limit == StageFigure.Limit.NONE ? "-" : limit.label(),
              limit == StageFigure.Limit.NONE
                  ? "-"
                  : String.format(Locale.ROOT, "%.1f %%", 100 * one.shareOfLimit(stage))));
    }
    return rows;
  }

  static String memory(Measurement one) {
    StringBuilder text =
        new StringBuilder("products ")
            .append(TextTable.number(one.productBytes()))
            .append(" bytes");
    one.peakHostBytes()
        .ifPresent(
            peak ->
                text.append(", process at most ").append(TextTable.number(peak)).append(" bytes"));
    return text.append(", device at most ")
        .append(TextTable.number(one.peakDeviceBytes()))
        .append(" bytes")
        .toString();
  }

  static String decimal(double value) {
    return String.format(Locale.ROOT, "%,.2f", value);
  }

  void print(PrintStream out) {
    out.println(version);
    out.println(machine());
    backends().forEach(backend -> out.println(describe(backend)));
    out.println(
        "median, min and max of " + repeat + " runs after at least " + warmUp + " of warm-up");
    if (emulated()) {
      out.println(EMULATED);
    }
    for (Measurement one : table()) {
      out.println();
      out.println(title(one));
      TextTable text = new TextTable(COLUMNS.toArray(String[]::new));
      rows(one).forEach(row -> text.row(row.toArray()));
      text.print(out);
      out.println("  " + memory(one));
    }
    print(out, "entries", bySize());
    print(out, "threads", byThreads());
  }

  private static void print(
      PrintStream out, String place, Map<String, Map<Long, Measurement>> lines) {
    lines.forEach(
        (name, line) -> {
          out.println();
          out.println(Results.printable(name) + ", ns/entry");
          TextTable text = new TextTable(place, "online", "total");
          line.forEach(
              (at, one) ->
                  text.row(at, perEntry(one, BenchStage.ONLINE), perEntry(one, BenchStage.TOTAL)));
          text.print(out);
        });
  }

  private static String perEntry(Measurement one, BenchStage stage) {
    return decimal(one.figure(stage).nsPerEntry(one.workload().entries()));
  }

  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("format", "memtrace-bench/1");
    json.writeStringField("memtrace", version);
    json.writeStringField("machine", machine());
    json.writeBooleanField("emulated", emulated());
    json.writeStringField("time_unit", "ns");
    json.writeNumberField("least_warm_up", warmUp);
    json.writeNumberField("repeat", repeat);
    json.writeNumberField("seed", seed);
    json.writeArrayFieldStart("backends");
    for (BenchBackend backend : backends()) {
      json.writeStartObject();
      write(json, backend);
      json.writeNumberField("copy_gb_per_s", backend.limits().bytesPerSecond() / 1e9);
      json.writeNumberField("permutations_per_s", backend.limits().permutationsPerSecond());
      double transferred = backend.limits().transferredBytesPerSecond();
      if (transferred == 0) {
        json.writeNullField("transfer_gb_per_s");
      } else {
        json.writeNumberField("transfer_gb_per_s", transferred / 1e9);
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("measurements");
    for (Measurement one : measurements) {
      write(json, one);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, BenchBackend backend) throws IOException {
    json.writeStringField("backend", backend.spec().name());
    json.writeNumberField("threads", backend.spec().threads());
    json.writeBooleanField("emulated", backend.emulated());
  }

  private void write(JsonGenerator json, Measurement one) throws IOException {
    json.writeStartObject();
    json.writeStringField("workload", one.workload().name());
    json.writeBooleanField("generated", one.workload().generated());
    json.writeNumberField("entries", one.workload().entries());
    write(json, one.backend());
    json.writeNumberField("warm_up", one.warmUp());
    json.writeArrayFieldStart("stages");
    for (BenchStage stage : BenchStage.values()) {
      write(json, one, stage);
    }
    json.writeEndArray();
    json.writeNumberField("product_bytes", one.productBytes());
    if (one.peakHostBytes().isPresent()) {
      json.writeNumberField("peak_host_bytes", one.peakHostBytes().getAsLong());
    } else {
      json.writeNullField("peak_host_bytes");
    }
    json.writeNumberField("peak_device_bytes", one.peakDeviceBytes());
    json.writeObjectFieldStart("fingerprints");
    for (Map.Entry<String, Long> product : one.products().entrySet()) {
      json.writeStringField(product.getKey(), "%016x".formatted(product.getValue()));
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Measurement one, BenchStage stage)
      throws IOException {
    StageFigure figure = one.figure(stage);
    StageFigure.Limit limit = one.limit(stage);
    json.writeStartObject();
    json.writeStringField("stage", stage.label());
    write(json, "", figure.wall());
    write(json, "device_", figure.device());
    json.writeNumberField("ns_per_entry", figure.nsPerEntry(one.workload().entries()));
    json.writeNumberField("bytes", figure.bytes());
    json.writeNumberField("gb_per_s", figure.gbPerSecond());
    json.writeNumberField("permutations", figure.permutations());
    json.writeStringField("limit", limit.label());
    if (limit == StageFigure.Limit.NONE) {
      json.writeNullField("share_of_limit");
    } else {
      json.writeNumberField("share_of_limit", one.shareOfLimit(stage));
    }
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, String prefix, @Nullable Spread spread)
      throws IOException {
    if (spread == null) {
      json.writeNullField(prefix + "median");
      json.writeNullField(prefix + "min");
      json.writeNullField(prefix + "max");
    } else {
      json.writeNumberField(prefix + "median", spread.median());
      json.writeNumberField(prefix + "min", spread.min());
      json.writeNumberField(prefix + "max", spread.max());
    }
  }
}
