// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.BackendUnavailableException;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackendProvider;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.bundle.JsonText;
import dev.memtrace.cli.CommandLineFixture.Run;
import dev.memtrace.cli.bench.Bench;
import dev.memtrace.cli.bench.BenchBackend;
import dev.memtrace.cli.bench.BenchWorkload;
import dev.memtrace.cli.bench.Measurement;
import dev.memtrace.cpu.CpuBackend;
import dev.memtrace.workload.LogShape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {
  private static final List<String> STAGES =
      List.of(
          "online",
          "replay",
          "adapters",
          "boundary",
          "merkle",
          "poseidon2",
          "range_counts",
          "records",
          "aux",
          "transfer",
          "total");

  @TempDir private Path temp;

  /** A short run on the CPU. */
  private static Run bench(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("bench", "--scale", "2000", "--repeat", "2", "--warm-up", "0", "--threads"));
    arguments.add("2");
    arguments.addAll(List.of(more));
    return CommandLineFixture.run(arguments.toArray(String[]::new));
  }

  private static void refused(Run run, String... parts) {
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).startsWith("memtrace: ").contains(parts).doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
  }

  /** The values of all members of a name, at any depth. */
  private static List<String> members(String json, String name) throws IOException {
    List<String> values = new ArrayList<>();
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      while (parser.nextToken() != null) {
        if (parser.currentToken() == JsonToken.FIELD_NAME && parser.currentName().equals(name)) {
          parser.nextToken();
          values.add(parser.getText());
        }
      }
    }
    return values;
  }

  @Test
  void theTableIsCompleteWithoutAGpu() throws IOException {
    Run run = bench("--backends", "cpu", "--sizes", "500", "--thread-counts", "1,2", "--json", "-");
    assertThat(run.code()).as(run.err()).isZero();
    String json = run.out();
    assertThat(members(json, "format")).containsExactly("memtrace-bench/1");
    assertThat(members(json, "time_unit")).containsExactly("ns");
    assertThat(members(json, "emulated")).containsOnly("false");
    // Five logs at two lengths, and the first of them with another number of threads.
    assertThat(members(json, "entries")).hasSize(11).containsOnly("2000", "500");
    assertThat(Collections.frequency(members(json, "entries"), "500")).isEqualTo(5);
    List<String> stages = members(json, "stage");
    assertThat(stages).hasSize(11 * STAGES.size());
    for (int i = 0; i < stages.size(); i++) {
      assertThat(stages.get(i)).isEqualTo(STAGES.get(i % STAGES.size()));
    }
    for (String name :
        List.of("median", "min", "max", "ns_per_entry", "gb_per_s", "share_of_limit")) {
      assertThat(members(json, name)).as(name).hasSize(stages.size());
    }
    assertThat(members(json, "fingerprints")).hasSize(11);
    assertThat(members(json, "device_median")).containsOnly("null");
    assertThat(members(json, "Merkle")).hasSize(11).allMatch(hash -> hash.matches("[0-9a-f]{16}"));
    assertThat(members(json, "peak_device_bytes")).containsOnly("0");
  }

  @Test
  void printsATableForEachLogAndTheCostByLengthAndThreads() {
    Run run =
        bench("--backends", "cpu", "--workloads", "streaming,sparse-chunks", "--sizes", "500");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("streaming, 2,000 entries, cpu on 2 threads")
        .contains("sparse-chunks, 2,000 entries, cpu on 2 threads")
        .contains("sparse-chunks on cpu, ns/entry")
        .contains("million Poseidon2 permutations/s")
        .contains("median, min and max of 2 runs after at least 0 of warm-up")
        .doesNotContain("EMULATED", "riscv-registers");
    for (String stage : STAGES) {
      assertThat(run.out().lines().filter(line -> line.startsWith("  " + stage + " ")))
          .as(stage)
          .hasSize(2);
    }
  }

  @Test
  void measuresTheLogOfABundle() throws IOException {
    Path bundle = CommandLineFixture.large(temp.resolve("input"), 3000);
    Run run =
        bench(bundle.toString(), "--backends", "cpu", "--thread-counts", "none", "--json", "-");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(members(run.out(), "workload")).containsExactly("tiny");
    assertThat(members(run.out(), "generated")).containsExactly("false");
    assertThat(members(run.out(), "entries")).containsExactly("3000");
  }

  @Test
  void nothingIsPrintedForAWrongResult() throws IOException {
    Path json = temp.resolve("result.json");
    Path page = temp.resolve("page.html");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try {
      thread.setContextClassLoader(new Services(temp.resolve("services")));
      Run run =
          bench(
              "--backends",
              "cpu,wrong",
              "--workloads",
              "streaming",
              "--json",
              json.toString(),
              "--html",
              page.toString());
      assertThat(run.code()).as(run.err()).isEqualTo(1);
      assertThat(run.err())
          .contains("streaming of 2,000 entries: the product", "none are given")
          .doesNotContain("\tat ");
      assertThat(run.out()).isEmpty();
      assertThat(json).doesNotExist();
      assertThat(page).doesNotExist();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Adds the wrong backend to those that are found. */
  private static final class Services extends ClassLoader {
    private final Path list;

    Services(Path list) throws IOException {
      super(BenchCommandTest.class.getClassLoader());
      this.list = list;
      Files.writeString(list, WrongBackend.Provider.class.getName());
    }

    @Override
    protected Enumeration<URL> findResources(String name) throws IOException {
      return name.endsWith(TraceBackendProvider.class.getName())
          ? Collections.enumeration(List.of(list.toUri().toURL()))
          : Collections.emptyEnumeration();
    }
  }

  @Test
  void anEmulatedDeviceIsMarkedEverywhere() {
    BenchBackend.Spec spec = new BenchBackend.Spec("cuda", 1);
    List<Measurement> measurements =
        new Bench(
                (_, listener) ->
                    WrongBackend.described(
                        new CpuBackend(new BackendOptions(1).withListener(listener)),
                        "cuda (emulated)"),
                0,
                1,
                (_, _) -> {})
            .run(
                List.of(
                    new Bench.Case(BenchWorkload.of(LogShape.STREAMING, 500, 1), List.of(spec))));
    BenchReport report = new BenchReport("memtrace", 1, 0, 1, 1, 500, measurements);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    report.print(new PrintStream(text, true, StandardCharsets.UTF_8));
    assertThat(text.toString(StandardCharsets.UTF_8))
        .contains(BenchReport.EMULATED, "streaming, 500 entries, cuda (emulated) on 1 thread");
    assertThat(new String(JsonText.of(report::write), StandardCharsets.UTF_8))
        .contains("\"emulated\" : true")
        .doesNotContain("\"emulated\" : false");
    assertThat(new BenchPage(report).html())
        .contains("<p class=\"warning\">" + BenchReport.EMULATED, "cuda (emulated) on 1 thread");
  }

  @Test
  void refusesADeviceThatIsNotThere() {
    try (TraceBackend _ = TraceBackends.create("cuda", BackendOptions.defaults())) {
      assumeTrue(false, "there is a device");
    } catch (BackendUnavailableException e) {
      refused(bench("--backends", "cuda"), "backend cuda is not available here:\n  ");
    }
  }

  @Test
  void refusesABackendWhoseNameDoesNotSayWhichItIs() {
    refused(
        bench("--backends", "cpu,auto"),
        "--backends has auto, but figures belong to one backend by its name; there are ",
        "cuda",
        "cpu");
  }

  @Test
  void refusesAnUnknownWorkload() {
    refused(
        bench("--workloads", "streaming,zigzag"),
        "--workloads: there is no log of shape 'zigzag'",
        "sparse-chunks");
  }

  @Test
  void refusesNumbersThatMakeNoSense() {
    refused(CommandLineFixture.run("bench", "--scale", "many"), "--scale: 'many' is no number");
    refused(
        CommandLineFixture.run("bench", "--scale", "0"),
        "--scale has 0; a made log has 1 to 536870911 entries");
    refused(
        CommandLineFixture.run("bench", "--sizes", "10^9"),
        "--sizes has 1000000000; a made log has 1 to 536870911");
    refused(CommandLineFixture.run("bench", "--sizes", "5..1"), "--sizes: '5..1' is no range");
    refused(
        CommandLineFixture.run("bench", "--repeat", "0"), "--repeat is 0; it must be 1 to 1000000");
    refused(
        CommandLineFixture.run("bench", "--warm-up", "-1"),
        "--warm-up is -1; it must be 0 to 1000000");
    refused(
        CommandLineFixture.run("bench", "--thread-counts", "0"),
        "--thread-counts has 0; it must be 1 to 1024");
  }

  @Test
  void refusesLengthsForTheLogOfABundle() throws IOException {
    Path bundle = CommandLineFixture.small(temp.resolve("input"));
    refused(bench(bundle.toString(), "--sizes", "500"), "--sizes needs", "add --workloads");
  }

  @Test
  void refusesABundleThatIsNotThere() {
    refused(bench(temp.resolve("absent").toString()), "absent");
  }

  @Test
  void refusesAPageThatCannotBeWrittenBeforeAnyWork() {
    refused(
        bench("--html", temp.resolve("absent").resolve("page.html").toString()),
        "its folder does not exist; make it first");
  }

  @Test
  void drawsAPageThatNeedsNothingFromElsewhere() throws IOException {
    Path page = temp.resolve("page.html");
    Run run =
        bench(
            "--backends",
            "cpu",
            "--sizes",
            "500",
            "--thread-counts",
            "1",
            "--html",
            page.toString());
    assertThat(run.code()).as(run.err()).isZero();
    String html = Files.readString(page);
    for (String id : List.of("sizes", "threads", "stages-0", "stages-4")) {
      assertThat(html).containsOnlyOnce("id=\"" + id + "\"");
    }
    assertThat(html)
        .contains("unaligned-mix on cpu", "riscv-registers, 2,000 entries, cpu on 2 threads")
        .contains("<polyline class=\"line s4\"")
        .doesNotContain("http:", "https:", "<script", "<link", "@import", "url(", "EMULATED");
    try (Stream<Path> files = Files.list(temp)) {
      assertThat(files).containsExactly(page);
    }
  }

  @Test
  void aNameCannotBringMarkup() throws IOException {
    Path bundle = CommandLineFixture.large(temp.resolve("input"), 100);
    Path manifest = bundle.resolve("manifest.json");
    Files.writeString(
        manifest, Files.readString(manifest).replace("\"tiny\"", "\"<img src=x>\\u0007\""));
    Path page = temp.resolve("page.html");
    Run run = bench(bundle.toString(), "--backends", "cpu", "--html", page.toString());
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(Files.readString(page)).contains("&lt;img src=x&gt;?").doesNotContain("<img");
    assertThat(run.out()).doesNotContain("\u0007");
  }
}
