// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static dev.memtrace.cli.CommandLineFixture.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyCommandTest {
  @TempDir private Path temp;

  private String input = "";
  private Path made = Path.of("");

  @BeforeEach
  void make() throws IOException {
    input = CommandLineFixture.small(temp.resolve("input")).toString();
    made = temp.resolve("made");
  }

  private void generate() {
    assertThat(run("generate", input, "--out", made.toString()).code()).isZero();
  }

  private void damage(String file, int word) throws IOException {
    byte[] content = Files.readAllBytes(made.resolve(file));
    content[4 * word] ^= 1;
    Files.write(made.resolve(file), content);
  }

  @Test
  void aGoodBundleIsAccepted() {
    generate();
    Run run = run("verify", made.toString(), "--threads", "1");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .contains("checked      Merkle: ", "checked      bus memory: ")
        .doesNotContain("not checked")
        .contains("tiny: accepted in ");
  }

  @Test
  void aDamagedBundleIsRejectedWithOne() throws IOException {
    generate();
    damage("air_00.bin", 3);
    Run run = run("verify", made.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .contains("bus memory: message (address space 1, pointer 8, values [1, 0, 0, 0")
        .contains("Boundary row 0: chunk (+1)")
        .contains("tiny: rejected, ");
    Run one = run("verify", made.toString(), "--max-failures", "1");
    assertThat(one.code()).isEqualTo(1);
    assertThat(one.out().lines().filter(line -> line.startsWith("bus ")).count()).isEqualTo(1);
    assertThat(one.out()).contains(" more\n");
  }

  @Test
  void jsonNamesThePlace() throws IOException {
    generate();
    damage("records.bin", 4);
    Run run = run("verify", made.toString(), "--json", "-");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out())
        .contains(
            "\"accepted\" : false",
            "\"kind\" : \"record\"",
            "\"place\" : \"log\"",
            "\"row\" : 0",
            "\"interaction\" : \"access, state before\"");
  }

  @Test
  void badInputIsRefused() {
    for (String[] arguments :
        new String[][] {
          {"verify", input},
          {"verify", temp.resolve("nothing").toString()},
          {"verify", input, "--max-failures", "0"},
          {"verify"}
        }) {
      Run run = run(arguments);
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).startsWith("memtrace: ");
      assertThat(run.out()).isEmpty();
    }
  }

  @Test
  void generateVerifiesWhatItWrote() {
    Run run = run("generate", input, "--out", made.toString(), "--verify");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("tiny: accepted in ");
    Run chain =
        run("generate", input, "--chain", "--out", temp.resolve("chain").toString(), "--verify");
    assertThat(chain.code()).as(chain.err()).isZero();
    assertThat(chain.out()).contains("tiny: accepted in ");
    assertThat(temp.resolve("chain").resolve("0000-tiny")).isDirectory();
  }

  @Test
  void generateRefusesToVerifyWithoutWhatACheckNeeds() {
    Run run =
        run("generate", input, "--out", made.toString(), "--products", "airs,records", "--verify");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--verify needs range_counts, poseidon2 among the products");
    assertThat(made).doesNotExist();
  }
}
