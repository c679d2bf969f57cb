// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
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
   * Makes the names in a folder durable, where the system can.
   *
   * @param folder the folder
   */
  public static void syncFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
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
