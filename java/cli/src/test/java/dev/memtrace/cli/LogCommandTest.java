// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static dev.memtrace.cli.CommandLineFixture.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code log} and {@code run --log}. */
class LogCommandTest {
  private static final String GUEST =
      Path.of("..", "rv32", "guests").resolve("json.elf").toString();

  @TempDir private Path temp;

  private String bundle = "";
  private String log = "";
  private String out = "";

  @BeforeEach
  void makeLog() throws IOException {
    bundle = CommandLineFixture.small(temp.resolve("bundle")).toString();
    log = temp.resolve("a.mtlog").toString();
    out = temp.resolve("out").toString();
    done(run("log", "convert", bundle, "--out", log));
  }

  private static Run done(Run run) {
    assertThat(run.code()).as(run.err()).isZero();
    return run;
  }

  private static void refused(Run run, String... parts) {
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).startsWith("memtrace: ").contains(parts).doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
  }

  private List<String> names(String folder) throws IOException {
    try (Stream<Path> entries = Files.list(temp.resolve(folder))) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  /** Cuts a file by so many bytes. */
  private static void cut(String file, int bytes) throws IOException {
    byte[] whole = Files.readAllBytes(Path.of(file));
    Files.write(Path.of(file), Arrays.copyOf(whole, whole.length - bytes));
  }

  @Test
  void checksACompleteLog() {
    assertThat(done(run("log", "check", log)).out())
        .isEqualTo(
            """
            config    persistent, as_height 1, as_offset 1, pointer_max_bits 22, clk_max_bits 24, range_max_bits 12, max_access_adapter_n 8
            initial   zero
            blocks    1
            entries   4
            written   2 cells
            clock     9
            footer    yes
            intact    184 of 184 bytes
            %s: complete
            """
                .formatted(log));
  }

  @Test
  void namesWhatIsLost() throws IOException {
    cut(log, 41);
    Run run = run("log", "check", log);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out())
        .contains("blocks    0\n", "footer    no\n", "intact    64 of 143 bytes\n")
        .contains("damaged: block 0 at byte 64: its content takes 40 bytes")
        .contains("the file ends after 39; 'memtrace log recover' keeps the entries before");
    Run recovered = done(run("log", "recover", log, "--out", out));
    assertThat(recovered.out())
        .contains(out + ": kept 0 entries in 0 blocks\n", "lost 79 bytes: block 0 at byte 64: ");
    assertThat(done(run("log", "check", out)).out()).contains("entries   0\n");
  }

  @Test
  void recoversAndConvertsBack() throws IOException {
    byte[] whole = Files.readAllBytes(Path.of(log));
    cut(log, 40);
    refused(run("log", "convert", log, "--out", out), "the 4 entries before can be recovered");
    String kept = temp.resolve("kept.mtlog").toString();
    assertThat(done(run("log", "recover", log, "--out", kept)).out())
        .contains("lost 0 bytes: block 1 at byte 144: the file ends without a footer");
    assertThat(Path.of(kept)).hasBinaryContent(whole);
    refused(run("log", "recover", log, "--out", kept), "exists already", "--force");
    refused(run("log", "recover", kept, "--out", kept, "--force"), "is the log that is recovered");
    assertThat(Path.of(kept)).hasBinaryContent(whole);
    assertThat(done(run("log", "recover", kept, "--out", log, "--force")).out())
        .contains("nothing is lost: " + kept + " is complete");
    assertThat(Path.of(log)).hasBinaryContent(whole);
    assertThat(done(run("log", "convert", kept, "--out", out)).out())
        .isEqualTo(out + ": 4 entries\n");
    assertThat(Path.of(out, "log.bin")).hasSameBinaryContentAs(Path.of(bundle, "log.bin"));
    assertThat(Path.of(out, "manifest.json")).content().contains("\"name\" : \"kept\"");
    String traces = temp.resolve("traces").toString();
    done(run("generate", out, "--backend", "cpu", "--out", traces));
  }

  @Test
  void reportsAsJson() throws IOException {
    assertThat(done(run("log", "check", log, "--json", "-")).out())
        .contains("\"entries\" : 4", "\"complete\" : true", "\"lost_bytes\" : 0")
        .doesNotContain("damage");
    cut(log, 1);
    String file = temp.resolve("report.json").toString();
    Run run = run("log", "check", log, "--json", file);
    assertThat(run.code()).isEqualTo(1);
    assertThat(Path.of(file))
        .content()
        .contains("\"complete\" : false", "\"lost_bytes\" : 39", "\"damage\" : \"block 1 at");
    assertThat(done(run("log", "recover", log, "--out", out, "--json", "-")).out())
        .contains("\"entries\" : 4", "\"footer\" : false");
    assertThat(done(run("log", "convert", out, "--out", out + "2", "--json", "-")).out())
        .startsWith("{")
        .contains("\"entries\" : 4");
  }

  @Test
  void aReportThatIsAFileOfTheCommandIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(Path.of(log));
    Files.createSymbolicLink(temp.resolve("link"), Path.of(log));
    String link = temp.resolve("link").toString();
    String[][] commands = {
      {"check", log, "--json", log},
      {"check", log, "--json", link},
      {"recover", log, "--out", out, "--json", log},
      {"recover", log, "--out", out, "--json", out},
      {"convert", log, "--out", out, "--json", link},
      {"convert", log, "--out", out, "--json", out},
      {"convert", bundle, "--out", log, "--force", "--json", log},
    };
    for (String[] command : commands) {
      refused(
          run(Stream.concat(Stream.of("log"), Stream.of(command)).toArray(String[]::new)),
          "is a file of this command already; choose another file for --json");
    }
    assertThat(Path.of(log)).hasBinaryContent(whole);
    assertThat(names("")).containsExactly("a.mtlog", "bundle", "link");
  }

  /** A report whose name is too long for what is written beside its place. */
  @Test
  void nothingIsMadeWithoutItsReport() throws IOException {
    String report = temp.resolve("r".repeat(240)).toString();
    refused(run("log", "recover", log, "--out", out, "--json", report), "cannot be written");
    refused(run("log", "convert", log, "--out", out, "--json", report), "cannot be written");
    refused(run("log", "convert", bundle, "--out", out, "--json", report), "cannot be written");
    assertThat(names("")).containsExactly("a.mtlog", "bundle");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "recover", "convert"})
  void everyCommandHasHelpAndJson(String command) {
    assertThat(done(run("log", command, "--help")).out())
        .contains("Usage: memtrace log " + command, "--json=FILE");
  }

  @Test
  void refusesWhatIsNoLog() throws IOException {
    String text =
        Files.writeString(temp.resolve("text"), "years of work, and a bit more: ".repeat(3))
            .toString();
    for (String command : List.of("check", "recover", "convert")) {
      String[] arguments =
          command.equals("check")
              ? new String[] {"log", command, text}
              : new String[] {"log", command, text, "--out", out};
      refused(run(arguments), "text: is no log file of memtrace");
    }
    refused(run("log", "check", temp.resolve("none").toString()), "does not exist");
    refused(run("log", "convert", bundle, "--out", log), "exists already", "--force");
    refused(run("log", "convert", bundle, "--out", text, "--force"), "is no log file");
    refused(run("log", "convert", bundle, "--initial", bundle, "--out", out), "is a folder");
    refused(run("log"), "a command is missing: check, recover or convert");
    refused(run("log", "recover", log), "--out");
    assertThat(names("")).containsExactly("a.mtlog", "bundle", "text");
  }

  // ------------------------------------------------------------------ run --log

  private Run logged(String... more) {
    List<String> arguments =
        Stream.concat(
                Stream.of("run", GUEST, "--segment-accesses", "5000", "--backend", "cpu"),
                Stream.of(more))
            .toList();
    return run(arguments.toArray(String[]::new));
  }

  @Test
  void runWritesALogPerSegment() throws IOException {
    String logs = temp.resolve("logs").toString();
    done(logged("--products", "final", "--log", logs, "--out", out));
    assertThat(names("logs")).hasSizeGreaterThan(1).hasSameSizeAs(names("out"));
    for (String segment : names("out")) {
      String file = Path.of(logs, segment + ".mtlog").toString();
      assertThat(done(run("log", "check", file)).out()).contains("initial   not zero");
      String made = temp.resolve("made").toString();
      refused(run("log", "convert", file, "--out", made), "with --initial");
      String initial = Path.of(out, segment).toString();
      done(run("log", "convert", file, "--initial", initial, "--out", made, "--force"));
      for (String name : List.of("log.bin", "initial.bin")) {
        assertThat(Path.of(made, name)).hasSameBinaryContentAs(Path.of(initial, name));
      }
    }
    Run again = logged("--log", logs, "--out", temp.resolve("other").toString());
    refused(again, "holds 0000-json.mtlog of another run", "--force");
    assertThat(names("")).doesNotContain("other", ".other.partial", ".other.lock");
    done(logged("--products", "final", "--log", logs, "--out", out, "--force"));
    refused(logged("--log", Path.of(out, "logs").toString(), "--out", out), "--log");
    Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of(out));
    refused(logged("--log", link.resolve("logs").toString(), "--out", out), "of --out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"100", "30000"})
  void theLogOfAProgramThatFailsIsKept(String segmentAccesses) throws IOException {
    Path program = temp.resolve("endless.elf");
    Files.write(program, RunCommandTest.elf(RunCommandTest.JUMP_TO_ITSELF));
    String logs = temp.resolve("logs").toString();
    refused(
        run(
            "run",
            program.toString(),
            "--max-instructions",
            "1050",
            "--segment-accesses",
            segmentAccesses,
            "--backend",
            "cpu",
            "--log",
            logs,
            "--out",
            out),
        "did not end within the limit of 1050 instructions");
    long entries = 0;
    for (String name : names("logs")) {
      Run check = run("log", "check", Path.of(logs, name).toString());
      boolean last = name.equals(names("logs").getLast());
      assertThat(check.code()).isEqualTo(last ? 1 : 0);
      assertThat(check.out()).contains(last ? "ends without a footer" : ": complete");
      entries +=
          check
              .out()
              .lines()
              .filter(line -> line.startsWith("entries "))
              .mapToLong(line -> Long.parseLong(line.substring(10).replace(",", "")))
              .sum();
    }
    assertThat(entries).isEqualTo(1050);
    assertThat(names("")).doesNotContain("out");
  }
}
