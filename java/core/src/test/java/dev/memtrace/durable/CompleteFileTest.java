// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompleteFileTest {
  @TempDir private Path temp;

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(temp)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private static void write(CompleteFile file, String text) throws IOException {
    file.channel().write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void appearsWhenItIsCommitted() throws IOException {
    Path target = temp.resolve("a");
    try (CompleteFile file = CompleteFile.begin(target)) {
      write(file, "new");
      assertThat(target).doesNotExist();
      file.commit(false);
    }
    assertThat(names()).containsExactly("a");
    assertThat(target).hasContent("new");
  }

  @Test
  void withoutACommitNothingIsLeft() throws IOException {
    try (CompleteFile file = CompleteFile.begin(temp.resolve("a"))) {
      write(file, "new");
      assertThat(names()).hasSize(1);
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void replacesOnlyIfThatIsWanted() throws IOException {
    Path target = Files.writeString(temp.resolve("a"), "old");
    try (CompleteFile file = CompleteFile.begin(target)) {
      write(file, "new");
      assertThatThrownBy(() -> file.commit(false)).isInstanceOf(FileAlreadyExistsException.class);
      assertThat(target).hasContent("old");
      file.commit(true);
    }
    assertThat(target).hasContent("new");
    assertThat(names()).containsExactly("a");
  }

  @Test
  void whatAKilledProcessHasLeftIsRemovedAndNothingElse() throws IOException {
    String uuid = UUID.randomUUID().toString();
    String other = UUID.randomUUID().toString();
    Files.writeString(temp.resolve(".a." + uuid + ".memtrace-tmp"), "left");
    List<String> ofOthers =
        List.of(
            ".a." + other + ".tmp",
            ".a." + uuid + ".tmp",
            ".a.memtrace-tmp",
            ".a.thesis.memtrace-tmp",
            ".b." + uuid + ".memtrace-tmp");
    for (String name : ofOthers) {
      Files.writeString(temp.resolve(name), "years of work");
    }
    Path link = temp.resolve(".a." + other + ".memtrace-tmp");
    Files.createSymbolicLink(link, temp.resolve(".a.memtrace-tmp"));
    try (CompleteFile first = CompleteFile.begin(temp.resolve("a"));
        CompleteFile second = CompleteFile.begin(temp.resolve("a"))) {
      write(first, "first");
      write(second, "second");
      second.commit(false);
      first.commit(true); // nobody has taken it for a left-over
    }
    assertThat(temp.resolve("a")).hasContent("first");
    assertThat(link).isSymbolicLink();
    Files.delete(link);
    assertThat(names()).containsAll(ofOthers).contains("a").hasSize(ofOthers.size() + 1);
  }

  @Test
  void anotherFileOfThisNameLeavesTheLockOfTheFirst() throws Exception {
    try (CompleteFile first = CompleteFile.begin(temp.resolve("a"))) {
      Path temporary = temp.resolve(names().getFirst());
      CompleteFile.begin(temp.resolve("a")).close();
      assertThat(LockProbe.ask(temporary)).isEqualTo("in use");
      first.commit(false);
    }
  }

  @Test
  void withoutHardLinksItIsMovedToWhereNothingIs() throws IOException {
    CompleteFile.Linker none =
        (link, _) -> {
          throw new FileSystemException(link.toString(), null, "Operation not permitted");
        };
    Path target = temp.resolve("a");
    try (CompleteFile first = CompleteFile.begin(target);
        CompleteFile second = CompleteFile.begin(target)) {
      write(first, "first");
      first.putWhereNothingIs(none);
      assertThatThrownBy(() -> second.putWhereNothingIs(none))
          .isInstanceOf(FileAlreadyExistsException.class);
    }
    assertThat(target).hasContent("first");
    assertThat(names()).containsExactly("a");
  }

  /** The tests may run as somebody whom no permission stops. */
  @Test
  void aFolderThatCannotBeListedTakesAFile() throws IOException {
    PosixFileAttributeView folder = Files.getFileAttributeView(temp, PosixFileAttributeView.class);
    assumeTrue(folder != null, "folders have no permissions here");
    Set<PosixFilePermission> before = folder.readAttributes().permissions();
    folder.setPermissions(PosixFilePermissions.fromString("-wx------"));
    try (CompleteFile file = CompleteFile.begin(temp.resolve("a"))) {
      write(file, "new");
      file.commit(false);
    } finally {
      folder.setPermissions(before);
    }
    assertThat(names()).containsExactly("a");
  }

  @Test
  void aLinkIsFollowed() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("folder"));
    Path target = Files.writeString(folder.resolve("a"), "old");
    Path link = Files.createSymbolicLink(temp.resolve("link"), target);
    try (CompleteFile file = CompleteFile.begin(link)) {
      write(file, "new");
      file.commit(true);
    }
    assertThat(target).hasContent("new");
    assertThat(link).isSymbolicLink();
  }
}
