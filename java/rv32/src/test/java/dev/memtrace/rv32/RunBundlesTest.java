// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.backend.BackendOptions;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceBackends;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleGenerator;
import dev.memtrace.bundle.ChainWriter;
import dev.memtrace.bundle.GenerationListener;
import dev.memtrace.bundle.GenerationReport;
import dev.memtrace.bundle.Product;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bundles of an execution. */
class RunBundlesTest {
  @TempDir Path temp;

  private List<GenerationReport> run(String name, long segmentAccesses, Path out) throws Exception {
    Program program = Program.load(Path.of("guests", name + ".elf"));
    List<GenerationReport> reports = new ArrayList<>();
    try (TraceBackend backend = TraceBackends.create("cpu", new BackendOptions(2));
        Machine machine =
            new Machine(
                program,
                InputStream.nullInputStream(),
                new ByteArrayOutputStream(),
                backend.pool());
        ChainWriter chain =
            ChainWriter.open(out, false, name, machine.initialState(), backend, Product.all())) {
      new SegmentedExecution(machine, Long.MAX_VALUE, segmentAccesses)
          .run(log -> reports.add(chain.add(log)));
      chain.commit();
    }
    return reports;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"json", "matrix"})
  void segmentsJoinAndHaveTheTracesOfTheirBundles(String name) throws Exception {
    Path out = temp.resolve("out");
    List<GenerationReport> reports = run(name, name.equals("json") ? 5000 : 110_000, out);
    assertThat(reports).hasSizeGreaterThan(2);
    assertThat(names(out)).hasSameSizeAs(reports);
    try (TraceBackend backend = TraceBackends.create("cpu", new BackendOptions(1))) {
      for (int i = 0; i < reports.size(); i++) {
        Path bundle = out.resolve("%04d-%s".formatted(i, name));
        if (i > 0) {
          assertThat(reports.get(i).initialRoot()).isEqualTo(reports.get(i - 1).finalRoot());
          assertThat(bundle.resolve("initial.bin"))
              .hasSameBinaryContentAs(reports.get(i - 1).target().resolve("final.bin"));
        }
        Path alone = temp.resolve("alone" + i);
        new BundleGenerator(Bundle.open(bundle), backend, Product.all(), GenerationListener.NONE)
            .generate(alone, false);
        assertThat(names(bundle)).isEqualTo(names(alone));
        for (String file : names(alone)) {
          assertThat(Files.mismatch(bundle.resolve(file), alone.resolve(file)))
              .as("%s of segment %d", file, i)
              .isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void theMemoryAfterASplitRunIsThatOfOneSegment() throws Exception {
    List<GenerationReport> whole = run("matrix", 10_000_000, temp.resolve("whole"));
    List<GenerationReport> parts = run("matrix", 50_000, temp.resolve("parts"));
    assertThat(whole).hasSize(1);
    assertThat(parts.getLast().finalRoot()).isEqualTo(whole.getFirst().finalRoot());
    assertThat(parts.getFirst().initialRoot()).isEqualTo(whole.getFirst().initialRoot());
  }

  @Test
  void theConstraintsOfTheReferenceHold() throws Exception {
    Path checker =
        Path.of(System.getProperty("memtrace.shared", "nowhere"), "tools", "check_airs.py");
    assumeTrue(Files.exists(checker), "no checker beside the checkout");
    assumeTrue(python("-c", "import numpy") == 0, "no numpy");
    Path out = temp.resolve("out");
    run("json", 5000, out);
    for (String segment : names(out)) {
      assertThat(python(checker.toString(), out.resolve(segment).toString(), "manifest.json"))
          .as(segment)
          .isZero();
    }
  }

  private int python(String... arguments) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of("python3"));
    command.addAll(List.of(arguments));
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.to(temp.resolve("python.log").toFile()))
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
    }
  }
}
