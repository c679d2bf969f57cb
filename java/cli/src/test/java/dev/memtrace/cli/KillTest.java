// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.durable.LogFile;
import dev.memtrace.durable.LogFileReport;
import dev.memtrace.offheap.BufferPool;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills processes at random moments, as {@code kill -9} does. Whatever is in place afterwards is
 * right, and the next run works and cleans up. {@code -Dmemtrace.kills=N} says how many in all,
 * {@code -Dmemtrace.kills.seed=N} repeats the moments.
 */
@DisabledOnOs(OS.WINDOWS)
class KillTest {
  private static final int KILLS = Integer.getInteger("memtrace.kills", 20);
  private static final long SEED = Long.getLong("memtrace.kills.seed", 20);
  private static final long LONGEST_NANOS = 120_000_000_000L;
  private static final int ROUNDS = 2;
  private static final String MARKER = ".memtrace-partial";
  private static final Path GUEST = Path.of("..", "rv32", "guests", "json.elf");

  @TempDir private Path temp;

  private Path work = Path.of("");
  private Path reference = Path.of("");

  /** How often what was found after a kill. */
  private final Map<String, Integer> found = new TreeMap<>();

  // ------------------------------------------------------------------ killing

  private Process start(String... args) throws IOException {
    List<String> command = CommandLineFixture.java(KillVictim.class, args);
    command.addAll(1, List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    return new ProcessBuilder(command)
        .redirectError(temp.resolve("stderr").toFile())
        .redirectOutput(temp.resolve("stdout").toFile())
        .start();
  }

  private long rounds() throws IOException {
    try (Stream<String> lines = Files.lines(temp.resolve("stdout"))) {
      return lines.filter(line -> line.equals("round")).count();
    }
  }

  /** How long the first rounds take, the start of the process included. */
  private Duration firstRounds(String... args) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process = start(args);
    try {
      while (rounds() < ROUNDS) {
        assertThat(process.isAlive() && System.nanoTime() - start < LONGEST_NANOS)
            .as(errors())
            .isTrue();
        Thread.sleep(1);
      }
      return Duration.ofNanos(System.nanoTime() - start);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private String errors() throws IOException {
    return Files.readString(temp.resolve("stderr"));
  }

  /** What holds whenever the process was killed, and after the next run. */
  @FunctionalInterface
  private interface Check {
    void check() throws IOException;
  }

  private void kill(int times, String name, Check check, String... args)
      throws IOException, InterruptedException {
    long whole = firstRounds(args).toNanos();
    check.check();
    SplittableRandom random = new SplittableRandom(SEED + name.hashCode());
    for (int i = 0; i < times; i++) {
      // Every part of the time has its kill; the moment in it is random.
      long nanos = (long) (whole * 1.2 * ((i * 0.618034) % 1 * 0.9 + random.nextDouble() * 0.1));
      Process process = start(args);
      try {
        Thread.sleep(Duration.ofNanos(nanos));
        assertThat(process.isAlive()).as("%s: %s", name, errors()).isTrue();
      } finally {
        process.destroyForcibly().waitFor();
      }
      try {
        check.check();
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError(
            "%s, seed %d, kill %d after %d ms: %s"
                .formatted(name, SEED, i, nanos / 1_000_000, e.getMessage()),
            e);
      }
    }
    report(times, name, whole);
  }

  @SuppressWarnings("SystemOut") // the figure that a long run is made for
  private void report(int times, String name, long nanos) {
    System.out.printf(
        "%s: %d kills within %d ms, seed %d, found %s%n",
        name, times, nanos * 12 / 10 / 1_000_000, SEED, found);
  }

  private void count(String what) {
    found.merge(what, 1, Integer::sum);
  }

  // ------------------------------------------------------------------ looking

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  /** Whether two folders have the same files with the same content, markers aside. */
  private static boolean same(Path one, Path other) throws IOException {
    List<String> names = new ArrayList<>(names(one));
    names.remove(MARKER);
    if (!names.equals(names(other))) {
      return false;
    }
    for (String name : names) {
      Path a = one.resolve(name);
      Path b = other.resolve(name);
      if (Files.isDirectory(a) ? !same(a, b) : Files.mismatch(a, b) != -1) {
        return false;
      }
    }
    return true;
  }

  private void look() throws IOException {
    for (String name : names(work)) {
      if (name.startsWith(".")) {
        count(name.replaceAll("\\.[0-9a-f-]{36}\\.", ".*."));
      }
    }
    Path out = work.resolve("out");
    if (Files.exists(out)) {
      count("out");
      if (Files.exists(out.resolve(MARKER))) {
        count("out" + "/" + MARKER);
      }
    }
  }

  private void works(String... args) {
    CommandLineFixture.Run run = CommandLineFixture.run(args);
    assertThat(run.code()).as(run.err()).isZero();
  }

  private static LogFileReport check(Path log) {
    return LogFile.open(log).check(BufferPool.shared(), _ -> {});
  }

  /**
   * A log of a killed process: its intact begin is that of the whole log, and is recovered.
   *
   * @return entries that are kept
   */
  private long recovered(Path log, Path whole) throws IOException {
    if (Files.size(log) < 64) {
      count("log without header");
      return 0;
    }
    LogFileReport report = check(log);
    count(report.intact() ? "complete log" : "unfinished log");
    if (report.lostBytes() > 0) {
      count("torn block");
    }
    Path kept = temp.resolve("kept.mtlog");
    works("log", "recover", log.toString(), "--out", kept.toString(), "--force");
    assertThat(check(kept).intact()).isTrue();
    assertThat(check(kept).entries()).isEqualTo(report.entries());
    long same = Files.mismatch(kept, whole);
    if (report.intact()) {
      assertThat(same).isEqualTo(-1);
    } else {
      // All but the footer, which is in another place.
      assertThat(same == -1 || same >= report.intactBytes()).as("same up to %d", same).isTrue();
    }
    return report.entries();
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectories(temp.toRealPath().resolve(name));
  }

  // ------------------------------------------------------------------ tests

  @Test
  void generateLeavesNothingThatLooksCompleteAndIsWrong() throws Exception {
    work = folder("work");
    reference = folder("reference");
    String one = CommandLineFixture.small(temp.resolve("one")).toString();
    String two = CommandLineFixture.large(temp.resolve("two"), 3000).toString();
    String out = work.resolve("out").toString();
    Path json = work.resolve("report.json");
    String[] options = {"--backend", "cpu", "--threads", "1", "--out"};
    works(join("generate", one, options, reference.resolve("one").toString()));
    works(join("generate", two, options, reference.resolve("two").toString()));
    String[] first = join("generate", one, options, out, "--force", "--json", json.toString());
    String[] second = join("generate", two, options, out, "--force");
    kill(
        (KILLS + 2) / 3,
        "generate",
        () -> {
          look();
          boolean there = Files.exists(work.resolve("out"));
          assertThat(
                  !there
                      || same(work.resolve("out"), reference.resolve("one"))
                      || same(work.resolve("out"), reference.resolve("two")))
              .as("out is complete")
              .isTrue();
          assertThat(!Files.exists(json) || Files.readString(json).endsWith("}\n")).isTrue();
          works(first);
          assertThat(same(work.resolve("out"), reference.resolve("one"))).isTrue();
          assertThat(names(work)).containsExactly("out", "report.json");
          assertThat(names(work.resolve("out"))).doesNotContain(MARKER);
        },
        join("", "", first, "then", second));
  }

  @Test
  void runLeavesNothingThatLooksCompleteAndIsWrong() throws Exception {
    work = folder("work");
    reference = folder("reference");
    Path logs = work.resolve("logs");
    String[] options = {"--backend", "cpu", "--threads", "1", "--segment-accesses", "2000"};
    String[] small = {"--products", "final,airs", "--log"};
    works(
        join(
            "run",
            GUEST.toString(),
            options,
            small,
            reference.resolve("logs").toString(),
            "--out",
            reference.resolve("out").toString()));
    assertThat(names(reference.resolve("logs"))).hasSizeGreaterThan(2);
    String[] run =
        join(
            "run",
            GUEST.toString(),
            options,
            small,
            logs.toString(),
            "--force",
            "--out",
            work.resolve("out").toString());
    kill(
        (KILLS + 1) / 3,
        "run",
        () -> {
          look();
          boolean there = Files.exists(work.resolve("out"));
          assertThat(!there || same(work.resolve("out"), reference.resolve("out")))
              .as("out is complete")
              .isTrue();
          for (String log : Files.exists(logs) ? names(logs) : List.<String>of()) {
            recovered(logs.resolve(log), reference.resolve("logs").resolve(log));
          }
          works(run);
          assertThat(same(work.resolve("out"), reference.resolve("out"))).isTrue();
          assertThat(same(logs, reference.resolve("logs"))).isTrue();
          assertThat(names(work)).containsExactly("logs", "out");
          assertThat(names(work.resolve("out"))).doesNotContain(MARKER);
        },
        run);
  }

  @Test
  void aLogKeepsWhatWasSynced() throws Exception {
    work = folder("work");
    Path log = work.resolve("a.mtlog");
    Path whole = temp.resolve("whole.mtlog");
    KillVictim.writeLog(whole, _ -> {});
    assertThat(check(whole).entries()).isEqualTo(KillVictim.LOG_ENTRIES);
    kill(
        KILLS / 3,
        "log",
        () -> {
          long synced = 0;
          try (BufferedReader reader =
              Files.newBufferedReader(temp.resolve("stdout"), StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
              synced = line.matches("synced \\d+") ? Long.parseLong(line.substring(7)) : synced;
            }
          }
          long kept = Files.exists(log) ? recovered(log, whole) : 0;
          assertThat(kept).isGreaterThanOrEqualTo(synced);
          KillVictim.writeLog(log, _ -> {});
          assertThat(Files.mismatch(log, whole)).isEqualTo(-1);
          assertThat(names(work)).containsExactly("a.mtlog");
        },
        "log",
        log.toString());
  }

  /** Puts arguments and arrays of arguments one after another, empty ones left out. */
  private static String[] join(Object... parts) {
    List<String> all = new ArrayList<>();
    for (Object part : parts) {
      for (String one : part instanceof String[] many ? many : new String[] {(String) part}) {
        if (!one.isEmpty()) {
          all.add(one);
        }
      }
    }
    return all.toArray(String[]::new);
  }
}
