// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.cli.CommandLineFixture.Run;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The script {@code memtrace}, in a copy of the tree whose build copies jars of these classes. */
@DisabledOnOs(OS.WINDOWS)
@Timeout(600)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LauncherTest {
  @TempDir private static Path temp;
  private static Path tree;
  private static Path cache;

  @BeforeAll
  static void makeTree() throws IOException {
    Path root = Path.of("../..").toRealPath(); // tests run in the folder of their module
    tree = Files.createDirectory(temp.resolve("tree"));
    cache = tree.resolve("java/cli/target/dist/memtrace.aot");
    for (String file :
        List.of("memtrace", "java/find-jdk.sh", "java/rv32/guests/sha256.elf", "pom.xml")) {
      Files.createDirectories(tree.resolve(file).getParent());
      Files.copy(root.resolve(file), tree.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    for (String folder : List.of("java/cli/src/main", "java/cuda", "native/poseidon2", "jars")) {
      Files.createDirectories(tree.resolve(folder));
    }
    Files.createFile(tree.resolve("java/cli/pom.xml"));
    script("java/cuda/native.sh", "exit 0");
    script(
        "mvnw",
        """
        echo built >>builds
        mkdir -p java/cli/target/quick/lib
        cp jars/*.jar java/cli/target/quick/lib
        mv java/cli/target/quick/lib/memtrace-cli-1.jar java/cli/target/quick""");
    makeJars(tree.resolve("jars"));
  }

  private static void script(String name, String text) throws IOException {
    Path file = tree.resolve(name);
    Files.writeString(file, "#!/bin/sh\nset -e\n" + text + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  /** Makes a jar of each folder on the class path of this test, and copies the others. */
  private static void makeJars(Path jars) throws IOException {
    int number = 1;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      if (Files.isDirectory(path)) {
        if (!path.endsWith("test-classes")) {
          boolean own = Files.exists(path.resolve("dev/memtrace/cli/Main.class"));
          pack(path, jars.resolve(own ? "memtrace-cli-1.jar" : "part-" + number++ + ".jar"));
        }
      } else if (Files.exists(path)) {
        Files.copy(path, jars.resolve(path.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static void pack(Path folder, Path jar) throws IOException {
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(folder)) {
      files
          .filter(Files::isRegularFile)
          .forEach(file -> add(out, folder.relativize(file).toString(), file));
    }
  }

  private static void add(JarOutputStream jar, String name, Path file) {
    try {
      jar.putNextEntry(new JarEntry(name));
      Files.copy(file, (OutputStream) jar);
      jar.closeEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Run memtrace(String options, String... arguments)
      throws IOException, InterruptedException {
    Path out = temp.resolve("out");
    Path err = temp.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(tree.resolve("memtrace").toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("MEMTRACE_JAVA_OPTS", options);
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "MEMTRACE_CLASSPATH"));
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
    return new Run(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  private static void printsItsVersionAndNothingElse(String options) throws Exception {
    Run run = memtrace(options, "--version");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines()).hasSize(1).allMatch(line -> line.startsWith("memtrace "));
    assertThat(run.err()).isEmpty();
  }

  private static long builds() throws IOException {
    return Files.readAllLines(tree.resolve("builds")).size();
  }

  @Test
  @Order(1)
  void theFirstRunBuildsAndTrains() throws Exception {
    Run run = memtrace("", "--version");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("memtrace ");
    assertThat(run.err()).startsWith("memtrace: building, log in ");
    assertThat(cache).isNotEmptyFile();
    assertThat(cache.resolveSibling("training")).doesNotExist();
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  @Order(2)
  void laterRunsTakeTheirClassesFromTheCache() throws Exception {
    Path log = temp.resolve("classes.log");
    printsItsVersionAndNothingElse("-Xlog:class+load:file=" + log);
    List<String> lines = Files.readAllLines(log);
    for (Class<?> type : List.of(Main.class, CommandLine.class)) {
      assertThat(lines)
          .anyMatch(
              line -> line.contains(type.getName() + " ") && line.contains("shared objects file"));
    }
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  @Order(3)
  void otherSettingsOfTheJvmDoNoHarm() throws Exception {
    printsItsVersionAndNothingElse("-XX:-UseParallelGC -XX:+UseSerialGC -Xmx200m");
    printsItsVersionAndNothingElse("-Xmx16m");
  }

  @Test
  @Order(3)
  void optionsOfTheUserWin() throws Exception {
    // The launcher turns this one on for the cache, and turns these logs off.
    Run run =
        memtrace(
            "-XX:-VerifySharedSpaces -Xlog:aot*=error -XX:+PrintFlagsFinal -XX:MaxDirectMemorySize=64m",
            "--version");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("VerifySharedSpaces += false")
        .containsPattern("MaxDirectMemorySize += 67108864 ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Xshare:off", "-Xshare:auto", "-XX:AOTMode=off"})
  @Order(3)
  void aUserMaySayWhatIsShared(String option) throws Exception {
    printsItsVersionAndNothingElse(option);
  }

  @Test
  @Order(3)
  void aMisspeltOptionIsRefused() throws Exception {
    Run run = memtrace("-XX:+NoSuchOption", "--version");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("NoSuchOption");
  }

  @Test
  @Order(4)
  void aBrokenCacheDoesNoHarm() throws Exception {
    byte[] good = Files.readAllBytes(cache);
    byte[] changed = good.clone();
    for (int i = good.length / 4; i < good.length / 2; i++) {
      changed[i] ^= 0x55;
    }
    for (byte[] bad : List.of(changed, Arrays.copyOf(good, good.length / 2))) {
      Files.write(cache, bad);
      printsItsVersionAndNothingElse("");
    }
    Files.writeString(cache, "no cache");
    printsItsVersionAndNothingElse("");
    Files.delete(cache);
    printsItsVersionAndNothingElse("");
    Files.write(cache, good);
  }

  @Test
  @Order(5)
  void aCacheOfOtherJarsDoesNoHarm() throws Exception {
    Path jar = cache.resolveSibling("lib").resolve("memtrace-cli-1.jar");
    Files.setLastModifiedTime(jar, FileTime.fromMillis(1_000_000_000_000L));
    printsItsVersionAndNothingElse("");
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  @Order(6)
  void whereNoCacheCanBeMadeTheCommandWorksWithoutOne() throws Exception {
    Files.writeString(tree.resolve("java/rv32/guests/sha256.elf"), "no program");
    Run run = memtrace("", "--version");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(cache).isEmptyFile();
    assertThat(builds()).isEqualTo(2);
    printsItsVersionAndNothingElse("");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  @Order(7)
  void aTrainingThatCannotEvenBeginDoesNotStopTheBuild() throws Exception {
    Files.deleteIfExists(cache.resolveSibling("training.log"));
    Files.createDirectory(cache.resolveSibling("training.log")); // cannot be written to
    Files.writeString(tree.resolve("java/rv32/guests/sha256.elf"), "changed");
    Files.delete(cache.resolveSibling("built"));
    Run run = memtrace("", "--version");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("memtrace ");
    assertThat(builds()).isEqualTo(3);
  }
}
