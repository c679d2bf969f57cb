// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What only shows in a process of its own: signals, limits, locks of others. */
@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
class ProcessTest {
  private static final long SIGINT_BIT = 1 << 1;

  @TempDir private Path temp;

  private Process start(List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectOutput(temp.resolve("stdout").toFile())
        .redirectError(temp.resolve("stderr").toFile())
        .start();
  }

  /**
   * Sends SIGINT; skips the test where it is ignored, as in what a shell runs in the background.
   */
  private static void interrupt(Process process) throws IOException, InterruptedException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    if (Files.exists(status)) {
      long ignored =
          Files.readAllLines(status).stream()
              .filter(line -> line.startsWith("SigIgn:"))
              .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
              .findFirst()
              .orElse(0);
      if ((ignored & SIGINT_BIT) != 0) {
        process.destroyForcibly().waitFor();
        assumeTrue(false, "SIGINT is ignored here");
      }
    }
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }

  /** Says whether it is time to interrupt. */
  @FunctionalInterface
  private interface Moment {
    boolean hasCome() throws IOException;
  }

  /** Interrupts a process at a moment of its run and says how it ended. */
  private Run interruptedAt(Moment moment, Process process)
      throws IOException, InterruptedException {
    while (!moment.hasCome()) {
      assertThat(process.isAlive()).isTrue();
      Thread.sleep(5);
    }
    interrupt(process);
    Run run = await(process);
    assertThat(run.code()).as(run.err()).isEqualTo(130);
    assertThat(run.err()).doesNotContain("\tat ");
    return run;
  }

  private Run await(Process process) throws IOException, InterruptedException {
    assertThat(process.waitFor(90, TimeUnit.SECONDS)).isTrue();
    return new Run(
        process.exitValue(),
        Files.readString(temp.resolve("stdout")),
        Files.readString(temp.resolve("stderr")));
  }

  private List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private static List<String> shell(String prefix, List<String> command) {
    List<String> shell = new ArrayList<>(List.of("sh", "-c", prefix + " exec \"$@\"", "sh"));
    shell.addAll(command);
    return shell;
  }

  @Test
  void aFullDiskIsRefusedAndLeavesNothing() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path input = CommandLineFixture.small(work.resolve("input"));
    List<String> generate =
        CommandLineFixture.java(
            Main.class, "generate", input.toString(), "--out", work.resolve("out").toString());
    Run run = await(start(shell("ulimit -f 40;", generate)));
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err())
        .startsWith("memtrace: ")
        .contains("cannot write", "File too large", "nothing was kept")
        .doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
    assertThat(names(work)).containsExactly("input");
  }

  @Test
  void interruptingRemovesThePartialBundle() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path input = CommandLineFixture.large(work.resolve("input"), 1_500_000);
    List<String> generate =
        CommandLineFixture.java(
            Main.class,
            "generate",
            input.toString(),
            "--out",
            work.resolve("out").toString(),
            "--threads",
            "1");
    generate.add(1, "-XX:MaxDirectMemorySize=6g"); // enough to finish, were it not interrupted
    Process process = start(generate);
    interruptedAt(() -> Files.exists(work.resolve(".out.partial").resolve("log.bin")), process);
    assertThat(names(work)).containsExactly("input");
  }

  @Test
  void aDeadlineEndsGenerationsWhereverTheyAre() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path input = CommandLineFixture.large(work.resolve("input"), 60_000);
    Path out = work.resolve("out");
    int late = 0;
    for (int millis = 1; millis < 100_000; millis += 1 + millis) {
      List<String> generate =
          CommandLineFixture.java(
              Main.class,
              "generate",
              input.toString(),
              "--out",
              out.toString(),
              "--backend",
              "cpu",
              "--timeout",
              millis + "ms");
      generate.add(1, "-XX:MaxDirectMemorySize=6g");
      Run run = await(start(generate));
      if (run.code() == 0) {
        assertThat(late).as(run.out()).isPositive();
        assertThat(names(work)).containsExactly("input", "out");
        Run verdict = CommandLineFixture.run("verify", out.toString());
        assertThat(verdict.code()).as(verdict.err()).isZero();
        return;
      }
      late++;
      assertThat(run.code()).as(run.err()).isEqualTo(124);
      assertThat(run.err())
          .contains("the time that --timeout gives, ", "what was not complete is removed")
          .doesNotContain("\tat ");
      assertThat(run.out()).isEmpty();
      assertThat(names(work)).containsExactly("input");
    }
    throw new AssertionError("no deadline was met");
  }

  @Test
  void interruptingACheckEndsItWithoutAVerdict() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path input = CommandLineFixture.large(work.resolve("input"), 20_000);
    Path out = work.resolve("out");
    Path json = work.resolve("report.json");
    Run made = CommandLineFixture.run("generate", input.toString(), "--out", out.toString());
    assertThat(made.code()).as(made.err()).isZero();
    Process process =
        start(
            CommandLineFixture.java(
                Main.class, "verify", out.toString(), "--threads", "1", "--json", json.toString()));
    // The machine has started by now; the check takes seconds.
    Run run = interruptedAt(() -> cpuTime(process).toMillis() >= 600, process);
    assertThat(run.out()).isEmpty();
    assertThat(names(work)).containsExactly("input", "out");
  }

  private static Duration cpuTime(Process process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  @Test
  void interruptingAnEndlessProgramLeavesNothing() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path program = work.resolve("endless.elf");
    Files.write(program, RunCommandTest.elf(RunCommandTest.JUMP_TO_ITSELF));
    Process process =
        start(
            CommandLineFixture.java(
                Main.class,
                "run",
                program.toString(),
                "--segment-accesses",
                "10000",
                "--products",
                "final",
                "--out",
                work.resolve("out").toString()));
    Path second = work.resolve(".out.partial").resolve("0001-endless");
    interruptedAt(() -> Files.exists(second), process);
    assertThat(names(work)).containsExactly("endless.elf");
  }

  @Test
  void interruptingARecoveryLeavesNothing() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path input = CommandLineFixture.large(temp.resolve("input"), 6_000_000);
    String log = work.resolve("a.mtlog").toString();
    Run made = CommandLineFixture.run("log", "convert", input.toString(), "--out", log);
    assertThat(made.code()).as(made.err()).isZero();
    String out = work.resolve("out").toString();
    String json = work.resolve("report.json").toString();
    Process process =
        start(
            CommandLineFixture.java(
                Main.class, "log", "recover", log, "--out", out, "--json", json));
    interruptedAt(() -> names(work).size() >= 2, process);
    assertThat(names(work)).containsExactly("a.mtlog");
  }

  @Test
  void interruptingAProgramKeepsItsLogsAndSaysSo() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path program = work.resolve("endless.elf");
    Files.write(program, RunCommandTest.elf(RunCommandTest.JUMP_TO_ITSELF));
    Path logs = work.resolve("logs");
    Process process =
        start(
            CommandLineFixture.java(
                Main.class,
                "run",
                program.toString(),
                "--segment-accesses",
                "10000",
                "--products",
                "final",
                "--log",
                logs.toString(),
                "--out",
                work.resolve("out").toString()));
    Run run = interruptedAt(() -> Files.exists(logs.resolve("0001-endless.mtlog")), process);
    assertThat(names(work)).containsExactly("endless.elf", "logs");
    // The process may end before it has said anything.
    assertThat(run.err().lines().filter(line -> line.contains("interrupted")))
        .allMatch(line -> line.endsWith("no bundle was kept, the logs are in " + logs));
    Run check =
        CommandLineFixture.run("log", "check", logs.resolve("0000-endless.mtlog").toString());
    assertThat(check.code()).as(check.err()).isZero();
  }

  @Test
  void aTargetThatAnotherProcessWritesIsRefused() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path input = CommandLineFixture.small(work.resolve("input"));
    String lock = work.toRealPath().resolve(".out.lock").toString();
    Process holder = new ProcessBuilder(CommandLineFixture.java(LockHolder.class, lock)).start();
    try {
      assertThat(holder.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("true");
      String out = work.resolve("out").toString();
      Run run = CommandLineFixture.run("generate", input.toString(), "--out", out);
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).contains("is in use");
      assertThat(names(work)).containsExactly(".out.lock", "input");
    } finally {
      holder.getOutputStream().close();
      holder.waitFor();
    }
    String out = work.resolve("out").toString();
    assertThat(CommandLineFixture.run("generate", input.toString(), "--out", out).code()).isZero();
    assertThat(names(work)).containsExactly("input", "out");
  }

  @Test
  void tooLittleNativeMemoryIsRefused() throws Exception {
    Path work = Files.createDirectory(temp.resolve("work"));
    Path input = CommandLineFixture.large(work.resolve("input"), 500_000);
    List<String> generate =
        CommandLineFixture.java(
            Main.class, "generate", input.toString(), "--out", work.resolve("out").toString());
    generate.add(1, "-XX:MaxDirectMemorySize=8m");
    Run run = await(start(generate));
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains("native memory", "MaxDirectMemorySize").doesNotContain("\tat ");
    assertThat(names(work)).containsExactly("input");
  }

  @Test
  void nothingIsPaintedIntoAPipe() throws Exception {
    Path input = CommandLineFixture.large(temp.resolve("input"), 300_000);
    Run run =
        await(
            start(
                CommandLineFixture.java(
                    Main.class,
                    "generate",
                    input.toString(),
                    "--backend",
                    "cpu",
                    "--out",
                    temp.resolve("out").toString())));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
  }

  @Test
  void theAutomaticChoiceSaysInOneLineWhyItTakesTheCpu() throws Exception {
    Path input = CommandLineFixture.small(temp.resolve("input"));
    Run run = await(start(CommandLineFixture.java(Main.class, "inspect", input.toString())));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err().lines().filter(line -> !line.isEmpty()))
        .hasSizeLessThanOrEqualTo(1) // none on a machine with a GPU
        .allMatch(line -> line.startsWith("memtrace: using backend cpu: "));
  }
}
