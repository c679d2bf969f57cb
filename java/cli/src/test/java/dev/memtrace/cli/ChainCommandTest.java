// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static dev.memtrace.cli.CommandLineFixture.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code generate --chain} and {@code fingerprint}. */
class ChainCommandTest {
  @TempDir private Path temp;

  private String first = "";
  private String second = "";
  private String out = "";

  @BeforeEach
  void makeSegments() throws IOException {
    first = CommandLineFixture.small(temp.resolve("first")).toString();
    second = CommandLineFixture.small(temp.resolve("second")).toString();
    Path manifest = Path.of(second, "manifest.json");
    Files.writeString(
        manifest,
        Files.readString(manifest)
            .replaceFirst(
                "\"log\":",
                "\"initial_memory\": {\"file\": \"initial.bin\", \"cells\": 2}, \"log\":"));
    initial(7, 9);
    out = temp.resolve("out").toString();
  }

  /** Gives the second segment the cells that the first has written, or others. */
  private void initial(int low, int high) throws IOException {
    ByteBuffer cells = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    cells.asIntBuffer().put(new int[] {2, 16, low, 2, 17, high});
    Files.write(Path.of(second, "initial.bin"), cells.array());
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  /** All text values and member names, in order. */
  private static List<String> texts(String json) throws IOException {
    List<String> texts = new ArrayList<>();
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      while (parser.nextToken() != null) {
        if (parser.currentToken().isScalarValue() || parser.currentName() != null) {
          texts.add(parser.getText());
        }
      }
    }
    return texts;
  }

  private static void refused(Run run, String... parts) {
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).startsWith("memtrace: ").contains(parts).doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "cpu"})
  void generatesAChain(String backend) throws IOException {
    Run run = run("generate", first, second, "--chain", "--out", out, "--backend", backend);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("tiny: 4 entries", "2 segments in " + out);
    assertThat(names(Path.of(out))).containsExactly("0000-tiny", "0001-tiny");
    for (String segment : List.of(first, second)) {
      String alone = temp.resolve("alone").toString();
      run("generate", segment, "--out", alone, "--force");
      String chained = Path.of(out, segment.equals(first) ? "0000-tiny" : "0001-tiny").toString();
      assertThat(run("digest", chained).out()).isEqualTo(run("digest", alone).out());
    }
  }

  @Test
  void refusesAChainThatDoesNotJoin() throws IOException {
    initial(7, 8);
    refused(
        run("generate", first, second, "--chain", "--out", out),
        second,
        "cell (2, 17) is 9 at the end of that one and 8 in the initial memory of this one");
    assertThat(names(temp)).containsExactly("first", "second");
  }

  @Test
  void writesOnlyTheProductsAskedForAndReplacesByForce() throws IOException {
    assertThat(run("generate", first, second, "--chain", "--out", out).code()).isZero();
    refused(run("generate", first, "--chain", "--out", out), "is not empty", "--force");
    Run run = run("generate", first, "--chain", "--out", out, "--force", "--products", "final");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(names(Path.of(out))).containsExactly("0000-tiny");
    assertThat(names(Path.of(out, "0000-tiny")))
        .containsExactly("final.bin", "log.bin", "manifest.json");
  }

  @Test
  void reportsAChainAsJson() throws IOException {
    Path file = temp.resolve("report.json");
    Run run = run("generate", first, second, "--chain", "--out", out, "--json", file.toString());
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(texts(Files.readString(file)))
        .contains("out", out, "segments", "initial_root", "final_root");
    assertThat(run("generate", first, "--chain", "--out", out, "--force", "--json", "-").out())
        .startsWith("{");
  }

  @Test
  void refusesSeveralBundlesThatAreNoChain() {
    refused(run("generate", first, second, "--out", out), "there are 2 bundles", "--chain");
    refused(run("generate", "--chain", "--out", out), "BUNDLE");
  }

  // ------------------------------------------------------------------ fingerprint

  @Test
  void printsALineForEachTrace() throws IOException {
    assertThat(run("generate", first, "--out", out).code()).isZero();
    Run run = run("fingerprint", out);
    assertThat(run.code()).as(run.err()).isZero();
    List<String> lines = run.out().lines().toList();
    assertThat(lines).allMatch(line -> line.matches("[0-9a-f]{16}  .*"));
    assertThat(lines.stream().map(line -> line.substring(18)))
        .containsExactly(
            "Boundary",
            "Merkle",
            "AccessAdapter<2>",
            "AccessAdapter<4>",
            "AccessAdapter<8>",
            "Poseidon2",
            "Poseidon2 without registers");
    assertThat(lines.subList(0, 2)).doesNotHaveDuplicates();
    assertThat(run("fingerprint", out, "--threads", "3").out()).isEqualTo(run.out());
    assertThat(run("fingerprint", out, "--seed", "-5").out().lines().toList().subList(0, 2))
        .doesNotContainAnyElementsOf(lines);
    assertThat(texts(run("fingerprint", out, "--json", "-").out()))
        .contains("traces", "Merkle", lines.get(1).substring(0, 16));
  }

  @Test
  void aChangedCellChangesTheFingerprint() throws IOException {
    assertThat(run("generate", first, "--out", out, "--products", "airs").code()).isZero();
    String before = run("fingerprint", out).out();
    Path trace = Path.of(out, "air_01.bin");
    byte[] content = Files.readAllBytes(trace);
    content[content.length - 4] ^= 1;
    Files.delete(trace); // others may hold the file by another name
    Files.write(trace, content);
    List<String> after = run("fingerprint", out).out().lines().toList();
    assertThat(after.get(0)).isEqualTo(before.lines().toList().get(0));
    assertThat(after.get(1)).isNotEqualTo(before.lines().toList().get(1));
    content[content.length - 1] = (byte) 0xFF;
    Files.write(trace, content);
    refused(run("fingerprint", out), "air_01.bin: word", "which is not below p");
    Files.write(trace, new byte[8]);
    refused(run("fingerprint", out), "air_01.bin: does not hold the");
  }

  @Test
  void refusesABundleWithoutTraces() {
    refused(run("fingerprint", first), "holds no traces", "memtrace generate");
    run("generate", first, "--out", out, "--products", "final");
    refused(run("fingerprint", out), "holds no traces");
  }

  @Test
  void refusesASeedThatIsNoNumber() {
    refused(run("fingerprint", first, "--seed", "many"), "--seed", "many");
  }
}
