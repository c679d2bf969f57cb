// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Has Jazzer look for inputs that end otherwise than the API promises. {@code
 * -Dmemtrace.fuzz.seconds=N} says how long, {@code -Dmemtrace.fuzz.target=LABEL} which target
 * alone. What was found lies in {@code target/fuzz/LABEL}: {@code corpus}, with which the next long
 * run begins, and {@code findings}; a finding that is understood belongs into {@code
 * src/test/resources/corpus/LABEL}. A run of the kernels alone has an emulator that was built for
 * libFuzzer, if there is one, and so is guided by the branches of the kernels.
 */
class FuzzTest {
  private static final int SECONDS = Integer.getInteger("memtrace.fuzz.seconds", 20);
  private static final String TARGET = System.getProperty("memtrace.fuzz.target", "all");

  /** An input that takes longer hangs; the first ones load and instrument classes. */
  private static final int INPUT_SECONDS = 120;

  /** Bytes of the heap and of native memory; whoever needs more fails. */
  private static final String HEAP = "-Xmx512m";

  private static final String NATIVE = "-XX:MaxDirectMemorySize=256m";

  /** Longer runs compile well and watch all classes. */
  private static final int LONG_SECONDS = 60;

  /** Where bytes of strangers are read and counted, as packages. */
  private static final List<String> READERS =
      List.of(
          "backend", "bundle", "config", "controller", "durable", "image", "log", "merkle", "rv32");

  private static final Pattern EXECUTIONS = Pattern.compile("Done (\\d+) runs in (\\d+) second");
  private static final Pattern MEMORY = Pattern.compile("most memory .*");

  @Test
  void nothingIsFound() throws IOException, InterruptedException {
    Targets name = Targets.of(TARGET);
    Path folder = Path.of("target", "fuzz", name.label());
    Workspace.remove(folder.resolve("seeds"));
    if (SECONDS < LONG_SECONDS) {
      Workspace.remove(folder.resolve("corpus")); // to read it would take the time there is
    }
    Path findings = Files.createDirectories(folder.resolve("findings"));
    Path corpus = Files.createDirectories(folder.resolve("corpus"));
    Path seeds = Files.createDirectories(folder.resolve("seeds"));
    Target target = name.make();
    for (Map.Entry<String, byte[]> input : Corpus.of(name, target).entrySet()) {
      Files.write(seeds.resolve(input.getKey()), input.getValue());
    }
    Path log = folder.resolve("log.txt");
    Process process =
        new ProcessBuilder(command(name, target, corpus, seeds, findings))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      boolean ended = process.waitFor(SECONDS + 300L, TimeUnit.SECONDS);
      String output = Files.readString(log, StandardCharsets.ISO_8859_1);
      assertThat(ended).as("%s hangs: %s", name.label(), output).isTrue();
      assertThat(process.exitValue())
          .as("%s, findings in %s: %s", name.label(), findings, shown(output))
          .isZero();
      report(name, corpus, output);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private static List<String> command(
      Targets name, Target target, Path corpus, Path seeds, Path findings) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of(
            HEAP,
            NATIVE,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=" + (SECONDS < LONG_SECONDS ? 1 : 4),
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xshare:auto"));
    Path kernels = Path.of("target", "native", "libmemtrace-cuda-emulator.so").toAbsolutePath();
    boolean guided = name == Targets.KERNELS && Files.exists(kernels);
    String emulator = guided ? kernels.toString() : System.getProperty("memtrace.emulator", "");
    command.add("-Dmemtrace.emulator=" + emulator);
    command.add(
        "-Dmemtrace.native.directory=" + Path.of("target", "native-files").toAbsolutePath());
    command.addAll(List.of("-cp", System.getProperty("java.class.path", "")));
    command.add("com.code_intelligence.jazzer.Jazzer");
    if (guided) {
      command.add("--native");
    }
    command.addAll(
        List.of(
            "--target_class=" + FuzzedProcess.class.getName(),
            "--target_args=" + name.label(),
            "--instrumentation_includes=" + instrumented(),
            "--instrumentation_excludes=dev.memtrace.fuzz.**:dev.memtrace.oracle.**",
            "--custom_hook_includes=" + instrumented(),
            "--reproducer_path=" + findings,
            "-artifact_prefix=" + findings + File.separator,
            "-max_total_time=" + SECONDS,
            "-max_len=" + target.maxBytes(),
            "-timeout=" + INPUT_SECONDS,
            "-rss_limit_mb=0",
            "-use_value_profile=1",
            "-print_final_stats=1",
            corpus.toString(),
            seeds.toString()));
    return command;
  }

  private static String instrumented() {
    return SECONDS >= LONG_SECONDS
        ? "dev.memtrace.**"
        : READERS.stream()
            .map(room -> "dev.memtrace." + room + ".**")
            .collect(Collectors.joining(":"));
  }

  /** The part of the output that says what was found. */
  private static String shown(String output) {
    int from = Math.max(output.indexOf("== Java Exception"), output.indexOf("ERROR: libFuzzer"));
    String shown = output.substring(Math.max(from, 0));
    return shown.substring(0, Math.min(shown.length(), 6000));
  }

  @SuppressWarnings("SystemOut") // the figures that a long run is made for
  private static void report(Targets name, Path corpus, String output) throws IOException {
    Matcher executions = EXECUTIONS.matcher(output);
    Matcher memory = MEMORY.matcher(output);
    assertThat(executions.find()).as(output).isTrue();
    try (Stream<Path> found = Files.list(corpus)) {
      System.out.printf(
          "fuzzed %s: %s inputs in %s s, %d in the corpus; %s%n",
          name.label(),
          executions.group(1),
          executions.group(2),
          found.count(),
          memory.find() ? memory.group() : "memory was not measured");
    }
  }
}
