// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * A file that appears only when it is complete. It is written as {@code .NAME.UUID.memtrace-tmp}
 * beside its place, made durable, and put there at the end. What a killed process has left of it is
 * removed by the next one that writes a file of this name: it is known by its name, and by being a
 * regular file that nobody has locked.
 */
public final class CompleteFile implements AutoCloseable {
  private static final String ENDING = ".memtrace-tmp";
  private static final String UUID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  private final Path target;
  private final Path temporary;
  private final OpenFile opened;
  private boolean open = true;

  private CompleteFile(Path target, Path temporary, OpenFile opened) {
    this.target = target;
    this.temporary = temporary;
    this.opened = opened;
  }

  /**
   * Begins a file.
   *
   * @param wanted where it is to be; a link is followed
   * @return the file, empty, closed by the caller
   * @throws IOException if nothing can be written there
   */
  public static CompleteFile begin(Path wanted) throws IOException {
    Path absolute = wanted.toAbsolutePath();
    Path target = Files.exists(absolute) ? absolute.toRealPath() : absolute;
    removeLeftOvers(target);
    while (true) {
      Path temporary =
          target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ENDING);
      OpenFile opened = OpenFile.write(temporary, true);
      // Null if another process has taken it for a left-over before it was locked.
      if (opened != null) {
        return new CompleteFile(target, temporary, opened);
      }
    }
  }

  /** Removes the files of this name that nobody has locked. */
  private static void removeLeftOvers(Path target) {
    Path folder = target.getParent();
    if (folder == null) {
      return;
    }
    String start = "." + target.getFileName() + ".";
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(folder, entry -> isTemporary(entry, start))) {
      for (Path entry : entries) {
        try {
          removeIfFree(entry, target);
        } catch (IOException e) {
          // Its owner was faster, or it belongs to somebody else; it is in nobody's way.
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // A folder that may be written and not be listed; what is left there is in nobody's way.
    }
  }

  private static void removeIfFree(Path entry, Path target) throws IOException {
    if (Files.exists(target) && Files.isSameFile(entry, target)) {
      Files.deleteIfExists(entry); // a second name of a file that is in its place
      return;
    }
    try (OpenFile leftOver = OpenFile.write(entry, false)) {
      if (leftOver != null) {
        Files.deleteIfExists(entry);
      }
    }
  }

  private static boolean isTemporary(Path entry, String start) {
    String name = String.valueOf(entry.getFileName());
    return name.startsWith(start)
        && name.endsWith(ENDING)
        && name.length() > start.length() + ENDING.length()
        && name.substring(start.length(), name.length() - ENDING.length()).matches(UUID_PATTERN)
        && Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Returns the file for writing.
   *
   * @return the channel, closed by this
   */
  public FileChannel channel() {
    return opened.channel();
  }

  /**
   * Makes the content durable, before it is put in its place.
   *
   * @throws IOException if that is not possible
   */
  public void sync() throws IOException {
    opened.channel().force(true);
  }

  /**
   * Makes the content durable and puts the file in its place.
   *
   * @param replace whether a file that is there is replaced
   * @throws FileAlreadyExistsException if there is one, and it is not to be replaced
   * @throws IOException if it cannot be put there
   */
  public void commit(boolean replace) throws IOException {
    sync();
    if (replace) {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } else {
      putWhereNothingIs(Files::createLink);
    }
    DurableFiles.syncName(target);
  }

  /** Makes a hard link; some file systems have none, and some refuse them for some files. */
  @FunctionalInterface
  interface Linker {
    void link(Path link, Path existing) throws IOException;
  }

  void putWhereNothingIs(Linker linker) throws IOException {
    try {
      linker.link(target, temporary);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      Files.move(temporary, target);
      return;
    }
    // The file is in its place; closing takes the other name away.
  }

  /** Removes what was not committed. Closing twice has no effect. */
  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    try (opened) {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The next file of this name removes it.
    }
  }
}
