// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What everybody needs who writes files that must not be lost. */
public final class DurableFiles {
  private DurableFiles() {}

  /**
   * A short piece of work on files.
   *
   * @param <T> what it returns
   */
  @FunctionalInterface
  public interface FileWork<T> {
    /**
     * Does the work.
     *
     * @return its result
     * @throws IOException if it fails
     */
    T run() throws IOException;
  }

  /**
   * Does what must not end half-way when the thread is interrupted: an interrupt closes the channel
   * that the thread uses. The thread is interrupted again afterwards.
   *
   * @param work opens the channels that it uses; done again if it is interrupted
   * @param <T> what it returns
   * @return what the work returns
   * @throws IOException if the work fails otherwise
   */
  public static <T> T uninterrupted(FileWork<T> work) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        interrupted |= Thread.interrupted();
        try {
          return work.run();
        } catch (ClosedByInterruptException | FileLockInterruptionException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Makes the names in a folder durable, where the system can, in an interrupted thread too.
   *
   * @param folder the folder
   */
  public static void syncFolder(Path folder) {
    try {
      uninterrupted(
          () -> {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
              channel.force(true);
              return folder;
            }
          });
    } catch (IOException e) {
      // Not every system opens folders; the files themselves are durable.
    }
  }

  /**
   * Makes the name of a file durable, where the system can.
   *
   * @param file the file
   */
  public static void syncName(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      syncFolder(folder);
    }
  }

  /**
   * Says what the system says about an error, without the path that a message names already.
   *
   * @param e the error
   * @return a few words
   */
  public static String reason(IOException e) {
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    return switch (e) {
      case NoSuchFileException _ -> "no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> "it exists already";
      case DirectoryNotEmptyException _ -> "the folder is not empty";
      case ClosedByInterruptException _ -> "the thread was interrupted";
      case FileSystemException _ -> e.getClass().getSimpleName();
      default -> {
        String message = e.getMessage();
        yield message == null ? e.getClass().getSimpleName() : message;
      }
    };
  }
}
