// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("unsanitized") // no native code of ours
class NativeFilesTest {
  private static final MountTable NO_MOUNTS = new MountTable(List.of());

  @TempDir private Path temp;

  private final byte[] content = new byte[100_000];
  private final Map<String, String> environment = new HashMap<>();
  private final Map<String, String> properties = new HashMap<>();

  @BeforeEach
  void makeContent() {
    new SplittableRandom(1).nextBytes(content);
    properties.put(NativeFiles.FOLDER_PROPERTY, temp.resolve("native").toString());
  }

  private NativeFiles files() throws NativeFilesException {
    return NativeFiles.open(environment::get, properties::get, NO_MOUNTS);
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private static Path folderOf(Path file) {
    return Objects.requireNonNull(file.getParent());
  }

  private static List<Path> besides(Path file) throws IOException {
    try (Stream<Path> entries = Files.list(folderOf(file))) {
      return entries.toList();
    }
  }

  @Test
  void unpacksIntoAPrivateFolder() throws Exception {
    Path file = files().unpack("libtest.so", content);
    assertThat(file).hasBinaryContent(content).hasFileName("libtest.so");
    assertThat(file).startsWith(temp.resolve("native"));
    assertThat(permissions(file)).isEqualTo("rwx------");
    assertThat(permissions(folderOf(file))).isEqualTo("rwx------");
    assertThat(permissions(temp.resolve("native"))).isEqualTo("rwx------");
    assertThat(besides(file)).containsExactly(file);
  }

  @Test
  void reusesWhatIsThere() throws Exception {
    Path file = files().unpack("libtest.so", content);
    FileTime old = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, old);
    assertThat(files().unpack("libtest.so", content)).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(old);
  }

  @Test
  void otherContentGoesElsewhere() throws Exception {
    Path file = files().unpack("libtest.so", content);
    byte[] other = content.clone();
    other[50_000]++;
    Path second = files().unpack("libtest.so", other);
    assertThat(second).isNotEqualTo(file).hasBinaryContent(other);
    assertThat(file).hasBinaryContent(content);
  }

  @Test
  void replacesATruncatedFile() throws Exception {
    Path file = files().unpack("libtest.so", content);
    Files.write(file, new byte[10]);
    assertThat(files().unpack("libtest.so", content)).isEqualTo(file).hasBinaryContent(content);
  }

  @Test
  void replacesAFileOfOtherContent() throws Exception {
    Path file = files().unpack("libtest.so", content);
    byte[] other = content.clone();
    other[99_999]++;
    Files.write(file, other);
    assertThat(files().unpack("libtest.so", content)).isEqualTo(file).hasBinaryContent(content);
    assertThat(besides(file)).containsExactly(file);
  }

  @Test
  void replacesALinkInsteadOfFollowingIt() throws Exception {
    Path file = files().unpack("libtest.so", content);
    Path elsewhere = Files.write(temp.resolve("elsewhere"), content);
    Files.delete(file);
    Files.createSymbolicLink(file, elsewhere);
    assertThat(files().unpack("libtest.so", content)).isRegularFile().hasBinaryContent(content);
    assertThat(Files.isSymbolicLink(file)).isFalse();
  }

  @Test
  void closesAFolderThatOthersMayWrite() throws Exception {
    Path folder = Files.createDirectory(temp.resolve("native"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    files().unpack("libtest.so", content);
    assertThat(permissions(folder)).isEqualTo("rwx------");
  }

  @Test
  void refusesAFolderOfAnotherUser() throws Exception {
    Path folder = Files.createDirectory(temp.resolve("native"));
    assumeTrue(Files.getAttribute(folder, "unix:uid").equals(0), "only root may give files away");
    Files.setAttribute(folder, "unix:uid", 12345);
    assertThatThrownBy(this::files)
        .isInstanceOf(NativeFilesException.class)
        .hasMessageContainingAll(
            folder.toString(), "belongs to 12345, another user", "-Dmemtrace.native.directory=");
  }

  @Test
  void refusesALinkAndAFile() throws Exception {
    Path folder = temp.resolve("native");
    Files.createSymbolicLink(folder, Files.createDirectory(temp.resolve("real")));
    assertThatThrownBy(this::files)
        .isInstanceOf(NativeFilesException.class)
        .hasMessageContaining(folder + " is a link, not a folder");
    Files.delete(folder);
    Files.writeString(folder, "");
    assertThatThrownBy(this::files)
        .isInstanceOf(NativeFilesException.class)
        .hasMessageContainingAll(folder + " cannot be used", "-Dmemtrace.native.directory=");
  }

  @Test
  void refusesAFileSystemWithoutExecution() {
    MountTable noexec = new MountTable(List.of("27 1 254:0 / / rw,noexec - ext4 /dev/vda rw"));
    assertThatThrownBy(() -> NativeFiles.open(environment::get, properties::get, noexec))
        .isInstanceOf(NativeFilesException.class)
        .hasMessageContainingAll("native is on a file system", "noexec", "-Dmemtrace.native.dir");
  }

  @Test
  void takesTheFirstFolderThatCanBeUsed() throws Exception {
    properties.remove(NativeFiles.FOLDER_PROPERTY);
    properties.put("java.io.tmpdir", Files.createDirectory(temp.resolve("tmp")).toString());
    Path inTemporary =
        temp.resolve("tmp")
            .resolve("memtrace-" + Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    assertThat(files().folder()).isEqualTo(inTemporary);

    properties.put("user.home", temp.resolve("home").toString());
    assertThat(files().folder()).isEqualTo(temp.resolve("home/.cache/memtrace"));

    environment.put("XDG_CACHE_HOME", "relative/paths/do/not/count");
    assertThat(files().folder()).isEqualTo(temp.resolve("home/.cache/memtrace"));
    environment.put("XDG_CACHE_HOME", temp.resolve("cache").toString());
    assertThat(files().folder()).isEqualTo(temp.resolve("cache/memtrace"));

    Files.writeString(temp.resolve("file"), "");
    environment.put("XDG_CACHE_HOME", temp.resolve("file").toString());
    properties.put("user.home", temp.resolve("file").toString());
    assertThat(files().folder()).isEqualTo(inTemporary);

    properties.put("java.io.tmpdir", temp.resolve("file").toString());
    environment.put("XDG_CACHE_HOME", "/no\0name"); // no path anywhere
    assertThatThrownBy(this::files).hasMessageStartingWith("no folder for native libraries: ");
    environment.put("XDG_CACHE_HOME", temp.resolve("file").toString());
    assertThatThrownBy(this::files)
        .isInstanceOf(NativeFilesException.class)
        .hasMessageStartingWith("no folder for native libraries: ")
        .hasMessageContainingAll("file/memtrace cannot", "file/.cache/memtrace cannot");
  }

  /** A folder in one that everybody may change could be replaced by another one. */
  @Test
  void leavesOutAPlaceThatOthersShare() throws Exception {
    properties.remove(NativeFiles.FOLDER_PROPERTY);
    Path shared = Files.createDirectories(temp.resolve("shared/tmp"));
    properties.put("java.io.tmpdir", shared.toString());
    Files.setAttribute(temp.resolve("shared"), "unix:mode", 0777);
    assertThatThrownBy(this::files)
        .isInstanceOf(NativeFilesException.class)
        .hasMessageContaining(
            temp.resolve("shared") + " may be written by everybody and is not sticky");
    Files.setAttribute(temp.resolve("shared"), "unix:mode", 01777);
    assertThat(folderOf(files().folder())).isEqualTo(shared);

    Files.setAttribute(temp.resolve("shared"), "unix:mode", 0777);
    properties.put("user.home", temp.resolve("home").toString());
    assertThat(files().folder()).isEqualTo(temp.resolve("home/.cache/memtrace"));
    // Whoever names a folder answers for what is above it.
    properties.put(NativeFiles.FOLDER_PROPERTY, shared.resolve("named").toString());
    assertThat(files().folder()).isEqualTo(shared.resolve("named"));
  }

  @Test
  void manyAtOnceFindTheSameFile() throws Exception {
    int threads = 8;
    CyclicBarrier start = new CyclicBarrier(threads);
    Set<Path> found = new HashSet<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<Path>> unpacking = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        unpacking.add(
            pool.submit(
                () -> {
                  start.await();
                  Path file = files().unpack("libtest.so", content);
                  assertThat(file).hasBinaryContent(content);
                  return file;
                }));
      }
      for (Future<Path> file : unpacking) {
        found.add(file.get());
      }
    }
    assertThat(found).hasSize(1);
    Path file = found.iterator().next();
    assertThat(besides(file)).containsExactly(file);
  }

  @Test
  void saysWhatKeepsAFileFromBeingWritten() throws Exception {
    Path file = files().unpack("libtest.so", content);
    Files.delete(file);
    Files.createDirectories(file.resolve("in the way"));
    assertThatThrownBy(() -> files().unpack("libtest.so", content))
        .isInstanceOf(NativeFilesException.class)
        .hasMessageContainingAll(file + " cannot be written", "-Dmemtrace.native.directory=");
    assertThat(besides(file)).containsExactly(file);
  }
}
