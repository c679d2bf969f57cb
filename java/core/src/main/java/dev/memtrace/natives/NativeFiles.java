// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.natives;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The private folder in which libraries from jars lie as files, for the dynamic linker. A library
 * lies in a folder named by the hash of its content, so versions do not disturb each other; it is
 * renamed into its place when it is complete, and compared with the jar whenever it is used.
 */
public final class NativeFiles {
  /** System property that names the folder. */
  public static final String FOLDER_PROPERTY = "memtrace.native.directory";

  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");
  private static final FileAttribute<?> AS_PRIVATE = PosixFilePermissions.asFileAttribute(PRIVATE);
  private static final int HASH_DIGITS = 32;

  /** Of the mode of a folder: everybody may change names in it. */
  private static final int OTHERS_WRITE = 0002;

  /** Of the mode of a folder: but only those of his own files. */
  private static final int STICKY = 01000;

  private static final String ADVICE = "name another folder with -D" + FOLDER_PROPERTY + "=FOLDER";

  private final Path folder;

  private NativeFiles(Path folder) {
    this.folder = folder;
  }

  /**
   * Opens the folder that the user has named, else the first usable one of those in XDG_CACHE_HOME,
   * in ~/.cache and in the temporary folder.
   *
   * @param environment looks up environment variables
   * @param properties looks up system properties
   * @return the folder, which exists
   * @throws NativeFilesException if none can be used, with every reason
   */
  public static NativeFiles open(
      Function<String, @Nullable String> environment, Function<String, @Nullable String> properties)
      throws NativeFilesException {
    return open(environment, properties, MountTable.ofProcess());
  }

  static NativeFiles open(
      Function<String, @Nullable String> environment,
      Function<String, @Nullable String> properties,
      MountTable mounts)
      throws NativeFilesException {
    String wanted = properties.apply(FOLDER_PROPERTY);
    if (wanted != null && !wanted.isBlank()) {
      return open(Path.of(wanted).toAbsolutePath(), mounts);
    }
    List<String> reasons = new ArrayList<>();
    for (Path candidate : candidates(environment, properties)) {
      try {
        NativeFiles found = open(candidate, mounts);
        requireOwnPlace(found.folder);
        return found;
      } catch (NativeFilesException e) {
        reasons.add(e.reason());
      }
    }
    throw new NativeFilesException(
        "no folder for native libraries: " + String.join("; ", reasons) + "; " + ADVICE);
  }

  /**
   * Returns the folder.
   *
   * @return its path
   */
  public Path folder() {
    return folder;
  }

  private static List<Path> candidates(
      Function<String, @Nullable String> environment,
      Function<String, @Nullable String> properties) {
    List<Path> candidates = new ArrayList<>();
    addIfAbsolute(candidates, environment.apply("XDG_CACHE_HOME"), "memtrace");
    addIfAbsolute(candidates, properties.apply("user.home"), ".cache/memtrace");
    addIfAbsolute(candidates, properties.apply("java.io.tmpdir"), "memtrace-" + processOwner());
    return candidates;
  }

  private static void addIfAbsolute(List<Path> candidates, @Nullable String base, String below) {
    try {
      if (base != null && Path.of(base).isAbsolute()) {
        candidates.add(Path.of(base).resolve(below));
      }
    } catch (InvalidPathException e) {
      // a name that this locale cannot write is no candidate
    }
  }

  private static NativeFiles open(Path folder, MountTable mounts) throws NativeFilesException {
    try {
      makePrivate(folder);
      if (mounts.forbidsExecution(folder.toRealPath())) {
        throw new NativeFilesException(
            folder + " is on a file system that forbids execution (noexec); " + ADVICE);
      }
      return new NativeFiles(folder.toRealPath());
    } catch (IOException e) {
      throw new NativeFilesException(folder + " cannot be used: " + describe(e) + "; " + ADVICE, e);
    }
  }

  /** Refuses a folder that anybody could replace by one of his own, since he may rename it. */
  private static void requireOwnPlace(Path folder) throws NativeFilesException {
    for (Path above = folder.getParent(); above != null; above = above.getParent()) {
      int mode;
      try {
        mode = (int) Files.getAttribute(above, "unix:mode");
      } catch (IOException e) {
        throw new NativeFilesException(above + " cannot be read: " + describe(e), e);
      }
      if ((mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
        throw new NativeFilesException(
            above
                + " may be written by everybody and is not sticky, so anybody could replace "
                + folder);
      }
    }
  }

  /** Makes a folder that belongs to this user and is closed to others, or finds it so. */
  private static void makePrivate(Path folder) throws IOException, NativeFilesException {
    Files.createDirectories(folder, AS_PRIVATE);
    PosixFileAttributes found =
        Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!found.isDirectory()) {
      throw new NativeFilesException(folder + " is a link, not a folder; " + ADVICE);
    }
    if (ownerOf(folder) != processOwner()) {
      throw new NativeFilesException(
          folder + " belongs to " + found.owner().getName() + ", another user; " + ADVICE);
    }
    if (!found.permissions().equals(PRIVATE)) {
      Files.setPosixFilePermissions(folder, PRIVATE);
    }
  }

  /**
   * Makes sure that a library is there as a file.
   *
   * @param name the name of the file
   * @param content what it must hold
   * @return the file
   * @throws NativeFilesException if it cannot be written
   */
  public Path unpack(String name, byte[] content) throws NativeFilesException {
    Path home = folder.resolve(hash(content));
    Path file = home.resolve(name);
    try {
      makePrivate(home);
      if (!holds(file, content)) {
        write(file, content);
      }
      return file;
    } catch (IOException e) {
      throw new NativeFilesException(
          file + " cannot be written: " + describe(e) + "; " + ADVICE, e);
    }
  }

  private static boolean holds(Path file, byte[] content) throws IOException {
    try {
      PosixFileAttributes found =
          Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return found.isRegularFile()
          && found.size() == content.length
          && ownerOf(file) == processOwner()
          && Arrays.equals(Files.readAllBytes(file), content);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static void write(Path file, byte[] content) throws IOException {
    Path incomplete = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
    try {
      try (SeekableByteChannel channel =
          Files.newByteChannel(
              incomplete,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              AS_PRIVATE)) {
        ByteBuffer rest = ByteBuffer.wrap(content);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
      }
      Files.move(incomplete, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(incomplete);
    }
  }

  private static String hash(byte[] content) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(hash).substring(0, HASH_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** The number of the user who owns a file. */
  private static int ownerOf(Path file) throws IOException {
    return (int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
  }

  /** The number of the user whom this process acts for. */
  private static int processOwner() {
    return ProcessOwner.NUMBER;
  }

  private static final class ProcessOwner {
    static final int NUMBER = find();

    private static int find() {
      try {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      } catch (IOException e) {
        throw new IllegalStateException("/proc cannot be read", e);
      }
    }
  }

  /** Says what a failed file operation ran into. */
  private static String describe(IOException e) {
    String kind = e.getClass().getSimpleName().replace("Exception", "");
    return e.getMessage() == null ? kind : kind + " " + e.getMessage();
  }
}
