// SPDX-License-Identifier: Apache-2.0
package dev.memtrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Compiles and runs what the README shows. */
class ReadmeTest {
  private static final Pattern EXAMPLE =
      Pattern.compile("```java\\n(.*?)```\\n.*?```text\\n(.*?)```", Pattern.DOTALL);

  private static final Pattern CLASS = Pattern.compile("^class (\\w+)", Pattern.MULTILINE);

  @TempDir Path folder;

  static List<Arguments> examples() throws IOException {
    String readme = Files.readString(Project.root().resolve("README.md"));
    return EXAMPLE
        .matcher(readme)
        .results()
        .map(example -> arguments(nameOf(example.group(1)), example.group(1), example.group(2)))
        .toList();
  }

  private static String nameOf(String code) {
    Matcher name = CLASS.matcher(code);
    assertThat(name.find()).as("a class in %s", code).isTrue();
    return name.group(1);
  }

  @Test
  void thereAreExamples() throws IOException {
    assertThat(examples()).extracting(example -> example.get()[0]).contains("Embedding");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("examples")
  void anExamplePrintsWhatTheReadmeSays(String name, String code, String wanted)
      throws IOException, InterruptedException {
    Path source = folder.resolve(name + ".java");
    Files.writeString(source, code);
    String classPath = System.getProperty("java.class.path");

    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    Boolean compiled =
        compiler
            .getTask(
                messages,
                null,
                null,
                List.of("-cp", classPath, "-d", folder.toString(), "-proc:none"),
                null,
                compiler
                    .getStandardFileManager(null, null, StandardCharsets.UTF_8)
                    .getJavaFileObjects(source))
            .call();
    assertThat(compiled).as("compiles: %s", messages).isTrue();

    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-cp",
                folder + System.getProperty("path.separator") + classPath,
                name)
            .redirectErrorStream(true)
            .start();
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (InputStream output = process.getInputStream()) {
      output.transferTo(printed);
    }
    assertThat(process.waitFor()).isZero();
    assertThat(printed.toString(StandardCharsets.UTF_8)).isEqualTo(wanted);
  }
}
