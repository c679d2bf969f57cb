// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.rv32;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The guests in the repository. */
class GuestsTest {
  private static final Path FOLDER = Path.of("guests");
  private static final long MOST_ACCESSES = 1_000_000;

  @TempDir Path temp;

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.endsWith(".elf"))
          .map(name -> name.substring(0, name.length() - 4))
          .sorted()
          .toList();
    }
  }

  private static Guest run(String name, String input) throws IOException {
    Program program = Program.load(FOLDER.resolve(name + ".elf"));
    Guest guest = new Guest(program, input.getBytes(StandardCharsets.UTF_8));
    assertThat(guest.machine.run(10_000_000, Integer.MAX_VALUE)).isEqualTo(Machine.Stop.EXITED);
    return guest;
  }

  @Test
  void thereAreTheGuestsOfTheReadme() throws IOException {
    assertThat(names()).contains("json", "keccak", "matrix", "nbody", "sha256", "sort");
  }

  @ParameterizedTest
  @MethodSource("names")
  void printsWhatTheSameProgramPrintsOnAHost(String name) throws IOException {
    try (Guest guest = run(name, "")) {
      assertThat(guest.machine.status()).isZero();
      assertThat(guest.printed())
          .isEqualTo(Files.readString(FOLDER.resolve("expected").resolve(name + ".txt")));
      assertThat(guest.machine.accesses()).isLessThanOrEqualTo(MOST_ACCESSES);
    }
  }

  @Test
  void theDemoIsTheSortGuest() throws IOException {
    try (Guest demo = new Guest(Program.demo(), new byte[0]);
        Guest sort = run("sort", "")) {
      demo.machine.run(10_000_000, Integer.MAX_VALUE);
      assertThat(demo.log()).isEqualTo(sort.log());
    }
  }

  @Test
  void theJsonGuestReadsItsInput() throws IOException {
    String numbers = "[" + "12, ".repeat(500) + "-5.25e1]";
    try (Guest guest = run("json", numbers)) {
      assertThat(guest.machine.status()).isZero();
      assertThat(guest.printed()).contains("numbers    501\n", "sum        5995\n");
    }
    for (String wrong : List.of("{", "[1,]", "{\"a\" 1}", "01", "\"\\x\"", "[] []", "nul", " ")) {
      try (Guest guest = run("json", wrong)) {
        assertThat(guest.machine.status()).as(wrong).isEqualTo(1);
        assertThat(guest.printed()).startsWith("no JSON, byte ");
      }
    }
  }

  // ------------------------------------------------------------------ the host

  private String hostPrints(String name, String input) throws Exception {
    Path program = temp.resolve(name);
    Path text = temp.resolve("input");
    Path printed = temp.resolve("printed");
    Files.writeString(text, input);
    Process compiler =
        new ProcessBuilder(
                "cc", "-std=c11", "-O1", "-o", program.toString(), "runtime/guest.c", name + ".c")
            .directory(FOLDER.toFile())
            .redirectErrorStream(true)
            .start();
    try (InputStream messages = compiler.getInputStream()) {
      String said = new String(messages.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(compiler.waitFor()).as(said).isZero();
    }
    Process process =
        new ProcessBuilder(program.toString())
            .redirectInput(text.toFile())
            .redirectOutput(printed.toFile())
            .start();
    process.waitFor();
    return Files.readString(printed);
  }

  private static boolean hasCompiler() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "cc")));
  }

  @ParameterizedTest
  @MethodSource("names")
  void theExpectedOutputIsThatOfThisHost(String name) throws Exception {
    assumeTrue(hasCompiler(), "no cc");
    assertThat(hostPrints(name, ""))
        .isEqualTo(Files.readString(FOLDER.resolve("expected").resolve(name + ".txt")));
  }

  @Test
  void aGuestWithInputPrintsWhatTheHostPrints() throws Exception {
    assumeTrue(hasCompiler(), "no cc");
    for (String input : List.of("{\"a\": [1, -2, {\"b\": \"c\"}]}", "[1, 2", "7 ".repeat(400))) {
      try (Guest guest = run("json", input)) {
        assertThat(guest.printed()).isEqualTo(hostPrints("json", input));
      }
    }
  }
}
