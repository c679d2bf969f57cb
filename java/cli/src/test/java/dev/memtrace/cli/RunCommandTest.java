// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static dev.memtrace.cli.CommandLineFixture.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code run}, with small programs in machine code and the guests of the repository. */
class RunCommandTest {
  private static final Path GUESTS = Path.of("..", "rv32", "guests");
  private static final int TEXT = 0x1000;
  private static final int LI_A7_EXIT = 0x05D00893;
  private static final int LI_A7_PRINT = 0x04000893;
  private static final int LI_A0_0 = 0x00000513;
  private static final int LI_A0_1 = 0x00100513;
  private static final int LI_A0_3 = 0x00300513;
  private static final int LUI_A1_TEXT = 0x000015B7;
  private static final int LI_A2_4 = 0x00400613;
  private static final int ECALL = 0x00000073;
  static final int JUMP_TO_ITSELF = 0x0000006F;
  private static final int JUMP_FAR = 0x7FDFF06F;

  @TempDir private Path temp;

  private String out = "";

  @BeforeEach
  void chooseFolder() {
    out = temp.resolve("out").toString();
  }

  static byte[] elf(int... words) {
    ByteBuffer file = ByteBuffer.allocate(84 + 4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7F, 'E', 'L', 'F', 1, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) 243).putInt(1).putInt(TEXT).putInt(52);
    file.position(40);
    file.putShort((short) 52).putShort((short) 32).putShort((short) 1);
    file.position(52);
    int size = 4 * words.length;
    file.putInt(1).putInt(84).putInt(TEXT).putInt(TEXT).putInt(size).putInt(size);
    file.putInt(5).putInt(4);
    file.asIntBuffer().put(words);
    return file.array();
  }

  private String program(int... words) throws IOException {
    return Files.write(temp.resolve("program.elf"), elf(words)).toString();
  }

  private static String guest(String name) {
    return GUESTS.resolve(name + ".elf").toString();
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private static List<String> members(String json) throws IOException {
    List<String> names = new ArrayList<>();
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      parser.nextToken();
      while (parser.nextToken() != null && parser.currentName() != null) {
        names.add(parser.currentName());
        parser.nextToken();
        parser.skipChildren();
      }
    }
    return names;
  }

  private void refused(Run run, String... parts) throws IOException {
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).startsWith("memtrace: ").contains(parts).doesNotContain("\tat ");
    assertThat(names(temp)).doesNotContain("out", ".out.partial", ".out.lock");
  }

  // ------------------------------------------------------------------ done

  @Test
  void writesABundlePerSegment() throws IOException {
    Run run = run("run", guest("matrix"), "--segment-accesses", "200000", "--out", out);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .isEqualTo(Files.readString(GUESTS.resolve("expected").resolve("matrix.txt")));
    assertThat(run.err())
        .contains("matrix.elf: status 0 after 131,485 instructions, 331,444 accesses")
        .contains("2 segments in " + out);
    assertThat(names(temp)).containsExactly("out");
    assertThat(names(Path.of(out))).containsExactly("0000-matrix", "0001-matrix");
    for (String segment : names(Path.of(out))) {
      String bundle = Path.of(out, segment).toString();
      String alone = temp.resolve("alone").toString();
      assertThat(run("generate", bundle, "--out", alone, "--force").code()).isZero();
      assertThat(run("digest", bundle).out()).isEqualTo(run("digest", alone).out());
    }
    Run chain =
        run(
            "generate",
            Path.of(out, "0000-matrix").toString(),
            Path.of(out, "0001-matrix").toString(),
            "--chain",
            "--products",
            "final",
            "--out",
            temp.resolve("chain").toString());
    assertThat(chain.code()).as(chain.err()).isZero();
  }

  @Test
  void takesInput() throws IOException {
    Path text = Files.writeString(temp.resolve("text"), "{\"a\": [10, 20]}");
    Run run =
        run("run", guest("json"), "--input", text.toString(), "--products", "final", "--out", out);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("members    1\n", "sum        30\n");
    assertThat(names(Path.of(out, "0000-json")))
        .containsExactly("final.bin", "initial.bin", "log.bin", "manifest.json");
  }

  @Test
  void takesStandardInput() throws IOException {
    InputStream before = System.in;
    try {
      System.setIn(new ByteArrayInputStream("{\"a\": [10, 20]}".getBytes(StandardCharsets.UTF_8)));
      Run run = run("run", guest("json"), "--input", "-", "--products", "final", "--out", out);
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(run.out()).contains("members    1\n", "sum        30\n");
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void aStatusOtherThanZeroIsCode1() throws IOException {
    Run run = run("run", program(LI_A0_3, LI_A7_EXIT, ECALL), "--out", out);
    assertThat(run.code()).as(run.err()).isEqualTo(1);
    assertThat(run.err()).contains("status 3 after 3 instructions").doesNotContain("\tat ");
    assertThat(names(Path.of(out))).containsExactly("0000-program");
  }

  @Test
  void reportsAsJson() throws IOException {
    Path file = temp.resolve("report.json");
    Run run = run("run", guest("json"), "--out", out, "--json", file.toString());
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("objects");
    assertThat(members(Files.readString(file)))
        .containsExactly(
            "program",
            "status",
            "instructions",
            "accesses",
            "log_entries",
            "seconds",
            "out",
            "segments");
    Run both = run("run", guest("json"), "--out", out, "--force", "--json", "-");
    assertThat(both.out()).startsWith("{");
    assertThat(members(both.out())).contains("status");
    assertThat(both.err()).startsWith("objects");
  }

  @Test
  void replacesByForce() throws IOException {
    String program = program(LI_A0_0, LI_A7_EXIT, ECALL);
    assertThat(run("run", guest("json"), "--out", out, "--segment-accesses", "9000").code())
        .isZero();
    Run again = run("run", program, "--out", out);
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("is not empty", "--force");
    assertThat(run("run", program, "--out", out, "--force").code()).isZero();
    assertThat(names(Path.of(out))).containsExactly("0000-program");
  }

  @Test
  void theNumberOfThreadsChangesNothing() {
    String other = temp.resolve("other").toString();
    assertThat(run("run", guest("json"), "--out", out, "--threads", "1").code()).isZero();
    assertThat(run("run", guest("json"), "--out", other, "--threads", "3").code()).isZero();
    assertThat(run("digest", Path.of(out, "0000-json").toString()).out())
        .isEqualTo(run("digest", Path.of(other, "0000-json").toString()).out());
  }

  @Test
  void aFileOfAnyNameIsNamedAsAFolderCanBe() throws IOException {
    Path odd = temp.resolve("a:b.elf");
    Files.write(odd, elf(LI_A0_0, LI_A7_EXIT, ECALL));
    assertThat(run("run", odd.toString(), "--out", out).code()).isZero();
    assertThat(names(Path.of(out))).containsExactly("0000-a_b");
  }

  // ------------------------------------------------------------------ refused

  @Test
  void refusesFilesThatAreNoPrograms() throws IOException {
    Path file = temp.resolve("file.elf");
    refused(run("run", file.toString(), "--out", out), "file.elf: cannot be read: no such file");
    Files.writeString(file, "text");
    refused(run("run", file.toString(), "--out", out), "file.elf: is not an ELF file");
    byte[] good = elf(LI_A7_EXIT, ECALL);
    byte[] of64Bits = good.clone();
    of64Bits[4] = 2;
    Files.write(file, of64Bits);
    refused(run("run", file.toString(), "--out", out), "is not a 32-bit ELF file");
    Files.write(file, Arrays.copyOf(good, good.length - 1));
    refused(run("run", file.toString(), "--out", out), "is truncated");
    byte[] entry = good.clone();
    entry[25] = 0x20;
    Files.write(file, entry);
    refused(run("run", file.toString(), "--out", out), "entry point 0x00002000 lies outside");
    refused(run("run", temp.toString(), "--out", out), "cannot be read");
  }

  @Test
  void refusesAnIllegalInstructionButShowsWhatWasPrintedBefore() throws IOException {
    Run run =
        run("run", program(LI_A7_PRINT, LI_A0_1, LUI_A1_TEXT, LI_A2_4, ECALL, 0), "--out", out);
    refused(run, "program.elf: illegal instruction 0x00000000 (pc 0x00001014)");
    assertThat(run.out()).hasSize(4);
  }

  @Test
  void refusesAJumpOutOfTheProgram() throws IOException {
    refused(
        run("run", program(JUMP_FAR), "--out", out),
        "jump out of the program to 0x00100ffc",
        "(pc 0x00001000)");
  }

  @ParameterizedTest
  @CsvSource({"100", "1000", "4194304"})
  void refusesAnEndlessLoop(String segmentAccesses) throws IOException {
    refused(
        run(
            "run",
            program(JUMP_TO_ITSELF),
            "--max-instructions",
            "3000",
            "--segment-accesses",
            segmentAccesses,
            "--products",
            "final",
            "--out",
            out),
        "program.elf: the program did not end within the limit of 3000 instructions",
        "(pc 0x00001000)");
  }

  @Test
  void refusesBadOptions() throws IOException {
    String program = program(LI_A7_EXIT, ECALL);
    refused(run("run", program), "--out");
    refused(run("run", "--out", out), "PROGRAM.elf");
    refused(
        run("run", program, "--out", out, "--segment-accesses", "99"),
        "--segment-accesses is 99; it must be at least 100");
    refused(
        run("run", program, "--out", out, "--max-instructions", "0"),
        "--max-instructions is 0; it must be at least 1");
    refused(run("run", program, "--out", out, "--products", "x"), "there is no product 'x'");
    refused(run("run", program, "--out", out, "--backend", "x"), "backend x");
    refused(
        run("run", program, "--out", out, "--input", temp.resolve("none").toString()),
        "none: cannot be read: no such file");
    refused(
        run("run", program, "--out", out, "--input", temp.toString()),
        "is a folder; --input takes a file");
  }
}
