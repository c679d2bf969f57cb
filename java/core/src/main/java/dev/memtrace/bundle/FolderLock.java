// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * An operating-system lock on a file that exists only while the lock is held. The system drops the
 * lock of a process that dies, so a file that was left behind locks nobody out.
 */
final class FolderLock implements AutoCloseable {
  /** Locks of this process: the system sees them all as one, and closing any would drop it. */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private static final int ATTEMPTS = 100;

  private final Path file;
  private final FileChannel channel;

  /** A second opening of {@link #file}, kept because closing it would drop the lock. */
  private final FileChannel check;

  private FolderLock(Path file, FileChannel channel, FileChannel check) {
    this.file = file;
    this.channel = channel;
    this.check = check;
  }

  /** Takes the lock, or returns null if someone else has it. */
  static @Nullable FolderLock tryTake(Path file) throws IOException {
    if (!OWN.add(file)) {
      return null;
    }
    FolderLock lock = null;
    try {
      lock = tryTakeFromOthers(file);
      return lock;
    } finally {
      if (lock == null) {
        OWN.remove(file);
      }
    }
  }

  private static @Nullable FolderLock tryTakeFromOthers(Path file) throws IOException {
    byte[] token = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < ATTEMPTS; i++) {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileChannel check = null;
      boolean taken = false;
      try {
        FileLock held = channel.tryLock();
        if (held == null) {
          return null;
        }
        channel.truncate(0).write(ByteBuffer.wrap(token), 0);
        // The former holder may have removed the file between our opening and our locking it.
        check = FileChannel.open(file, StandardOpenOption.READ);
        ByteBuffer found = ByteBuffer.allocate(token.length);
        check.read(found, 0);
        taken = Arrays.equals(found.array(), token);
        if (taken) {
          return new FolderLock(file, channel, check);
        }
      } catch (OverlappingFileLockException e) {
        return null; // code of this process outside this class holds it
      } catch (NoSuchFileException e) {
        // removed: lock a new one
      } finally {
        if (!taken) {
          channel.close();
          if (check != null) {
            check.close();
          }
        }
      }
    }
    return null;
  }

  /** Removes the file and gives the lock back. */
  @Override
  public void close() throws IOException {
    if (OWN.contains(file)) {
      try {
        Files.deleteIfExists(file);
      } finally {
        channel.close();
        check.close();
        OWN.remove(file);
      }
    }
  }
}
