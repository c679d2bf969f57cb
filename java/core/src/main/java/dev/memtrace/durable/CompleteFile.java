// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * A file that appears only when it is complete. It is written as {@code .NAME.UUID.tmp} beside its
 * place, made durable, and put there at the end. What a killed process has left of it is removed by
 * the next one that writes a file of this name.
 */
public final class CompleteFile implements AutoCloseable {
  private static final String ENDING = ".tmp";
  private static final String UUID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  private final Path target;
  private final Path temporary;
  private final FileChannel channel;
  private boolean open = true;

  private CompleteFile(Path target, Path temporary, FileChannel channel) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
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
      FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      // Another process may have taken it for a left-over before it was locked.
      if (locked(channel) && Files.exists(temporary, LinkOption.NOFOLLOW_LINKS)) {
        return new CompleteFile(target, temporary, channel);
      }
      channel.close();
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** Removes the files of this name that nobody has locked. */
  private static void removeLeftOvers(Path target) throws IOException {
    Path folder = target.getParent();
    if (folder == null) {
      return;
    }
    String start = "." + target.getFileName() + ".";
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(folder, entry -> isTemporary(entry, start))) {
      for (Path entry : entries) {
        try (FileChannel channel =
            FileChannel.open(entry, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
          if (locked(channel)) {
            Files.deleteIfExists(entry);
          }
        } catch (IOException e) {
          // Its owner was faster, or it belongs to somebody else; it is in nobody's way.
        }
      }
    }
  }

  private static boolean isTemporary(Path entry, String start) {
    String name = String.valueOf(entry.getFileName());
    return name.startsWith(start)
        && name.endsWith(ENDING)
        && name.length() > start.length() + ENDING.length()
        && name.substring(start.length(), name.length() - ENDING.length()).matches(UUID_PATTERN);
  }

  /**
   * Returns the file for writing.
   *
   * @return the channel, closed by this
   */
  public FileChannel channel() {
    return channel;
  }

  /**
   * Makes the content durable, before it is put in its place.
   *
   * @throws IOException if that is not possible
   */
  public void sync() throws IOException {
    channel.force(true);
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
      putWhereNothingIs();
    }
    DurableFiles.syncName(target);
  }

  private void putWhereNothingIs() throws IOException {
    try {
      Files.createLink(target, temporary);
      Files.delete(temporary);
    } catch (UnsupportedOperationException e) {
      Files.move(temporary, target);
    }
  }

  /** Removes what was not committed. Closing twice has no effect. */
  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    try (channel) {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The next file of this name removes it.
    }
  }
}
