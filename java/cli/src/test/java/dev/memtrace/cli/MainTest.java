// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static dev.memtrace.cli.CommandLineFixture.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
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
import picocli.CommandLine;

class MainTest {
  @TempDir private Path temp;

  private String input = "";
  private String out = "";

  @BeforeEach
  void makeInput() throws IOException {
    input = CommandLineFixture.small(temp.resolve("input")).toString();
    out = temp.resolve("out").toString();
  }

  private static void refused(Run run, String... parts) {
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).startsWith("memtrace: ").contains(parts).doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(temp)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  /** The names of the members of the object, which must be JSON to the end. */
  private static List<String> members(String json) throws IOException {
    List<String> names = new ArrayList<>();
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        names.add(parser.currentName());
        parser.nextToken();
        parser.skipChildren();
      }
      assertThat(parser.nextToken()).isNull();
    }
    return names;
  }

  // ------------------------------------------------------------------ usage

  @Test
  void helpGoesToStandardOutput() {
    Run run = run("--help");
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains(
            "run",
            "generate",
            "digest",
            "fingerprint",
            "inspect",
            "bench",
            "log",
            "demo",
            "doctor",
            "refused, with nothing written");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void theArgumentsNameTheCommandThatIsMade() {
    Console console = new Console(System.out, System.err);
    MemtraceCommand.COMMANDS.forEach(
        (name, command) -> {
          assertThat(new CommandLine(command.get()).getCommandName()).isEqualTo(name);
          String[] args = {name, "--help"};
          assertThat(MemtraceCommand.commandLine(console, args).getSubcommands())
              .containsOnlyKeys(name);
        });
    for (String[] args : new String[][] {{}, {"--help"}, {"generat"}, {"--help", "run"}}) {
      assertThat(MemtraceCommand.commandLine(console, args).getSubcommands().keySet())
          .containsExactlyElementsOf(MemtraceCommand.COMMANDS.keySet());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"run", "generate", "digest", "fingerprint", "inspect", "bench", "demo", "doctor"})
  void everyCommandHasHelpAndJson(String command) {
    Run run = run(command, "--help");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("Usage: memtrace " + command, "--json=FILE");
  }

  @Test
  void versionNamesTheJavaRuntime() {
    Run run = run("--version");
    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith("memtrace ").contains("Java 2");
  }

  @Test
  void refusesAMissingCommand() {
    refused(run(), "a command is missing", "Try 'memtrace --help'");
  }

  @Test
  void refusesAnUnknownCommand() {
    refused(run("generat"), "generat", "generate");
  }

  @Test
  void refusesAnUnknownOption() {
    refused(run("digest", "--jsn", "x", input), "--jsn", "Try 'memtrace digest --help'");
  }

  @Test
  void refusesAMissingOutput() {
    refused(run("generate", input), "--out=DIR");
  }

  @Test
  void refusesAnUnknownProduct() {
    refused(
        run("generate", input, "--out", out, "--products", "airs,finals"),
        "no product 'finals'",
        "airs, records, aux, range_counts, final, poseidon2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1025", "many"})
  void refusesANumberOfThreads(String threads) {
    refused(run("generate", input, "--out", out, "--threads", threads), "--threads", threads);
  }

  @Test
  void refusesABackendThatIsNotThere() throws IOException {
    Run run = run("generate", input, "--out", out, "--backend", "abacus");
    refused(run, "backend abacus is not available here:\n", "  no backend of that name", "cpu");
    assertThat(names()).containsExactly("input");
  }

  // ------------------------------------------------------------------ generate

  @Test
  void generates() throws IOException {
    Run run = run("generate", input, "--out", out, "--backend", "cpu", "--threads", "2");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("tiny: 4 entries, end timestamp 9, backend cpu", "AccessAdapter<8>", out);
    assertThat(run.err()).isEmpty();
    assertThat(names()).containsExactly("input", "out");
  }

  @Test
  void generatesOnlyTheProductsAskedFor() {
    assertThat(run("generate", input, "--out", out, "--products", "final,records").code()).isZero();
    assertThat(Path.of(out).toFile().list())
        .containsExactlyInAnyOrder("manifest.json", "log.bin", "final.bin", "records.bin");
  }

  @Test
  void jsonReplacesTheTextOnStandardOutput() throws IOException {
    Run run = run("generate", input, "--out", out, "--json", "-");
    assertThat(run.code()).isZero();
    assertThat(members(run.out()))
        .contains("name", "backend", "end_timestamp", "used_rows", "final_root", "seconds");
  }

  @Test
  void jsonGoesToAFileBesideTheText() throws IOException {
    Path file = temp.resolve("result.json");
    Run run = run("generate", input, "--out", out, "--json", file.toString());
    assertThat(run.out()).contains("tiny: 4 entries");
    assertThat(members(Files.readString(file))).contains("bytes_written");
  }

  @Test
  void refusesAJsonFileWithoutFolderBeforeAnythingIsWritten() throws IOException {
    String file = temp.resolve("nowhere").resolve("x.json").toString();
    refused(run("generate", input, "--out", out, "--json", file), "its folder does not exist");
    refused(run("generate", input, "--out", out, "--json", temp.toString()), "is a folder");
    assertThat(names()).containsExactly("input");
  }

  @Test
  void nothingIsWrittenIfTheJsonFileCannotBe() throws IOException {
    String file = temp.resolve("x".repeat(250)).toString(); // no room for a longer name beside it
    refused(
        run("generate", input, "--out", out, "--json", file),
        "the result of --json cannot be written");
    assertThat(names()).containsExactly("input");
  }

  @Test
  void noJsonIsWrittenIfTheBundleCannotBe() throws IOException {
    CommandLineFixture.bundle(temp.resolve("bad"), new int[] {0, 9, 0, 1}, 1);
    String file = Files.writeString(temp.resolve("x.json"), "old").toString();
    String bad = temp.resolve("bad").toString();
    refused(run("generate", bad, "--out", out, "--json", file), "log.bin: entry 0");
    assertThat(Path.of(file)).hasContent("old");
    assertThat(names()).containsExactly("bad", "input", "x.json");
  }

  @Test
  void aJsonFileIsReplacedBehindItsLink() throws IOException {
    Path file = Files.writeString(temp.resolve("x.json"), "old");
    Path link = Files.createSymbolicLink(temp.resolve("link"), file);
    assertThat(run("generate", input, "--out", out, "--json", link.toString()).code()).isZero();
    assertThat(link).isSymbolicLink();
    assertThat(members(Files.readString(file))).contains("bytes_written");
    assertThat(names()).containsExactly("input", "link", "out", "x.json");
  }

  @Test
  void refusesAJsonFileInTheOutputFolder() throws IOException {
    Path made = Files.createDirectory(Path.of(out));
    String file = made.resolve("x.json").toString();
    refused(run("generate", input, "--out", out, "--json", file), "lies in the folder of --out");
    assertThat(made).isEmptyDirectory();
  }

  @Test
  void refusesAnOutputThatIsNotEmpty() throws IOException {
    assertThat(run("generate", input, "--out", out).code()).isZero();
    refused(run("generate", input, "--out", out), "is not empty", "--force");
    assertThat(run("generate", input, "--out", out, "--force").code()).isZero();
    assertThat(names()).containsExactly("input", "out");
  }

  @Test
  void refusesABadInputWithNothingWritten() throws IOException {
    CommandLineFixture.bundle(temp.resolve("bad"), new int[] {0, 9, 0, 1}, 1);
    refused(
        run("generate", temp.resolve("bad").toString(), "--out", out),
        "log.bin: entry 0 at word 0",
        "address spaces are 1 to 2");
    assertThat(names()).containsExactly("bad", "input");
  }

  @Test
  void aNameFromABundleCannotSteerTheTerminal() throws IOException {
    Path manifest = Path.of(input).resolve("manifest.json");
    String json = Files.readString(manifest);
    Files.writeString(manifest, json.replace("\"tiny\"", "\"a\\u001b[2Jb\\nc\""));
    assertThat(run("inspect", input).out()).startsWith("a?[2Jb?c");
    Files.writeString(manifest, json.replace("\"persistent\"", "\"a\\u001b[2J\""));
    refused(run("inspect", input), "config.mode is \"a?[2J\"");
  }

  @Test
  void refusesAnInputThatIsNotThere() {
    refused(run("generate", out, "--out", out), "does not exist");
  }

  @Test
  void aBugIsReportedWithItsStackTrace() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
    assertThat(Failures.of(new IllegalStateException("impossible"), to)).isEqualTo(3);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("please report it", "IllegalStateException: impossible", "\tat ");
  }

  @Test
  void tooLittleMemoryIsNoBug() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
    assertThat(Failures.of(new OutOfMemoryError("Java heap space"), to)).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("out of memory (Java heap space)", "MEMTRACE_JAVA_OPTS")
        .doesNotContain("\tat ");
  }

  // ------------------------------------------------------------------ digest

  @Test
  void digestsAGeneratedBundle() throws IOException {
    run("generate", input, "--out", out);
    Path file = temp.resolve("digest.json");
    Run run = run("digest", out, "--json", file.toString());
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(members(run.out()))
        .containsExactly(
            "name",
            "config",
            "end_timestamp",
            "log_entries",
            "airs",
            "records_sha256",
            "aux_sha256",
            "range_counts_sha256",
            "range_counts_with_aux_sha256",
            "final_sha256",
            "poseidon2");
    assertThat(file).hasContent(run.out());
    assertThat(run("digest", out, "--json", "-").out()).isEqualTo(run.out());
  }

  @Test
  void refusesToDigestAnInput() {
    refused(run("digest", input), "holds no traces");
  }

  // ------------------------------------------------------------------ inspect

  @Test
  void inspectsABundle() {
    Run run = run("inspect", input);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines().map(String::strip).map(line -> line.replaceAll(" +", " ")))
        .contains(
            "log entries 4",
            "end timestamp 9",
            "touched chunks 2",
            "read 1",
            "immediate 1",
            "write 1",
            "increment 1",
            "1 1",
            "2 1",
            "4 1",
            "Boundary 20 4 4 80",
            "AccessAdapter<8> 17 4 4 68",
            "cells accessed most accesses",
            "auxiliary columns 6");
  }

  @Test
  void inspectsAsJson() throws IOException {
    assertThat(members(run("inspect", input, "--json", "-").out()))
        .contains(
            "config",
            "entries_by_kind",
            "accesses_by_size",
            "accesses_by_address_space",
            "touched_chunks",
            "airs",
            "cells",
            "accesses_by_shape",
            "adapter_causes",
            "hot_cells",
            "timeline",
            "range_checks",
            "aligned");
  }

  // ------------------------------------------------------------------ demo

  @Test
  void theDemoShowsItsTraces() throws IOException {
    Run run = run("demo");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("heap sort of 1024 words", "Merkle", "final root", "replay and hash");
    Run json = run("demo", "--json", "-");
    assertThat(members(json.out()))
        .contains("instructions", "log_entries", "airs", "final_root", "seconds");
  }

  @Test
  void theDemoMakesTheSameTracesOnEveryRun() {
    List<String> roots =
        Stream.of("1", "3")
            .map(threads -> run("demo", "--threads", threads).out())
            .map(text -> text.lines().filter(line -> line.startsWith("final root")).toList())
            .map(List::toString)
            .toList();
    assertThat(roots.get(0)).isEqualTo(roots.get(1)).isNotEqualTo("[]");
  }

  @Test
  void saysIfStandardOutputCannotBeWritten() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            new String[] {"inspect", input},
            new PrintStream(full, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    assertThat(code).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("standard output cannot be written");
  }

  @ParameterizedTest
  @ValueSource(strings = {"generate", "inspect", "digest", "fingerprint"})
  void longWorkPaintsAProgressBarOnATerminal(String command) throws IOException {
    Path large = CommandLineFixture.large(temp.resolve("large"), 100_000);
    List<String> args = new ArrayList<>(List.of(command, large.toString()));
    if (command.equals("generate")) {
      args.addAll(List.of("--out", out));
    } else if (!command.equals("inspect")) {
      assertThat(run("generate", large.toString(), "--out", out).code()).isZero();
      args.set(1, out);
    }
    for (boolean terminal : new boolean[] {true, false}) {
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
      PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
      if (!terminal && command.equals("generate")) {
        args.add("--force");
      }
      int code = Main.run(args.toArray(String[]::new), new Console(nowhere, to, () -> terminal, 0));
      assertThat(code).isZero();
      String painted = err.toString(StandardCharsets.UTF_8);
      if (terminal) {
        assertThat(painted)
            .containsPattern("(read|replay|digest|fingerprint) +\\[#*-*\\]")
            .endsWith("\r\033[K");
      } else {
        assertThat(painted).isEmpty();
      }
    }
  }

  @Test
  void theProgressBarFitsALine() {
    assertThat(Progress.line("replay", 0.5, 7.2))
        .isEqualTo("replay [####################--------------------]  50% 7 s");
  }
}
