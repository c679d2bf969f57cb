// SPDX-License-Identifier: Apache-2.0
package dev.memtrace;

import static org.assertj.core.api.Assertions.assertThat;

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

/** Compiles and runs what the README shows. */
class ReadmeTest {
  private static final Pattern EXAMPLE =
      Pattern.compile("```java\\n(.*?)```\\n.*?```text\\n(.*?)```", Pattern.DOTALL);

  @TempDir Path folder;

  @Test
  void theEmbeddingExamplePrintsWhatTheReadmeSays() throws IOException, InterruptedException {
    Matcher example = EXAMPLE.matcher(Files.readString(Project.root().resolve("README.md")));
    assertThat(example.find()).as("a Java example and its output in README.md").isTrue();
    Path source = folder.resolve("Embedding.java");
    Files.writeString(source, example.group(1));
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
                "Embedding")
            .redirectErrorStream(true)
            .start();
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (InputStream output = process.getInputStream()) {
      output.transferTo(printed);
    }
    assertThat(process.waitFor()).isZero();
    assertThat(printed.toString(StandardCharsets.UTF_8)).isEqualTo(example.group(2));
  }
}
