// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memtrace.log.AccessLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFolderTest {
  @TempDir private Path temp;

  private Path folder = Path.of("");

  @BeforeEach
  void chooseFolder() {
    folder = temp.resolve("made").resolve("logs");
  }

  private LogFolder open(boolean replace) {
    return LogFolder.open(folder, "x-1", Logs.HEADER, replace, Logs.POOL);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private void write(boolean replace, int segments) {
    try (LogFolder logs = open(replace)) {
      for (int i = 0; i < segments; i++) {
        AccessLog log = new AccessLog(Logs.CONFIG, Logs.POOL);
        Logs.append(log, new Random(i), 100 + i);
        logs.next().finish(log);
        log.release();
      }
    }
  }

  @Test
  void eachSegmentHasAFile() throws IOException {
    write(false, 3);
    assertThat(names()).containsExactly("0000-x-1.mtlog", "0001-x-1.mtlog", "0002-x-1.mtlog");
    for (int i = 0; i < 3; i++) {
      assertThat(Logs.check(folder.resolve(names().get(i))).entries()).isEqualTo(100 + i);
    }
  }

  @Test
  void logsOfAnotherRunAreReplacedOnlyIfThatIsWanted() throws IOException {
    write(false, 3);
    Files.writeString(folder.resolve("0001-x.mtlog"), "of another program");
    Files.writeString(folder.resolve("12-x-1.mtlog"), "of nobody");
    assertThatThrownBy(() -> open(false))
        .isInstanceOf(LogFileException.class)
        .hasMessageContaining("holds 0000-x-1.mtlog of another run; recover or remove it");
    write(true, 2);
    assertThat(names())
        .containsExactly("0000-x-1.mtlog", "0001-x-1.mtlog", "0001-x.mtlog", "12-x-1.mtlog");
  }

  @Test
  void whatIsNoLogStays() throws IOException {
    write(false, 2);
    byte[] first = Files.readAllBytes(folder.resolve("0000-x-1.mtlog"));
    Files.writeString(folder.resolve("0007-x-1.mtlog"), "years of work");
    assertThatThrownBy(() -> open(true))
        .isInstanceOf(LogFileException.class)
        .hasMessageContaining("0007-x-1.mtlog: is no log file of memtrace");
    assertThat(folder.resolve("0007-x-1.mtlog")).hasContent("years of work");
    assertThat(folder.resolve("0000-x-1.mtlog")).hasBinaryContent(first);
    assertThat(names()).containsExactly("0000-x-1.mtlog", "0001-x-1.mtlog", "0007-x-1.mtlog");
    Files.delete(folder.resolve("0000-x-1.mtlog"));
    assertThatThrownBy(() -> open(true)).hasMessageContaining("0007-x-1.mtlog");
    assertThat(names()).containsExactly("0001-x-1.mtlog", "0007-x-1.mtlog");
  }

  @Test
  void aFolderThatIsWrittenIsRefused() {
    try (LogFolder logs = open(false)) {
      logs.next();
      logs.next();
      assertThatThrownBy(() -> open(true))
          .isInstanceOf(LogFileException.class)
          .hasMessageContaining("0000-x-1.mtlog: is in use");
    }
    write(true, 1);
  }

  @Test
  void aFileInPlaceOfTheFolderIsRefused() throws IOException {
    Files.writeString(temp.resolve("made"), "");
    assertThatThrownBy(() -> open(false))
        .isInstanceOf(LogFileException.class)
        .hasMessageContaining("cannot be written")
        .hasMessageContaining("choose another folder");
  }
}
