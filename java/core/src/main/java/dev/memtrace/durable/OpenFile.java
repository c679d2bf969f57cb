// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file that this process has open, locked if it writes it. POSIX drops the locks of a process on
 * a file as soon as the process closes <em>any</em> opening of it. So this knows the files that are
 * open: a second writer is turned away before it opens anything, and what a reader has opened of a
 * file that is being written is closed with the writer. A thread that is interrupted within a
 * reading or writing of the system closes its channel nevertheless.
 */
final class OpenFile implements AutoCloseable {
  private static final int ATTEMPTS = 100;

  /** By the system's key of the file, which stays when the file is renamed. */
  private static final Map<Object, Users> OPEN = new HashMap<>();

  private final Path path;
  private final Object key;
  private final Users users;
  private final FileChannel channel;
  private final boolean created;
  private final boolean writes;
  private boolean open = true;

  private OpenFile(
      Path path, Object key, Users users, FileChannel channel, boolean created, boolean writes) {
    this.path = path;
    this.key = key;
    this.users = users;
    this.channel = channel;
    this.created = created;
    this.writes = writes;
  }

  /** Who has a file open; guarded by {@link #OPEN}. */
  private static final class Users {
    private boolean written;
    private int readers;

    /** Openings for reading that must stay as long as the file is written. */
    private final Deque<FileChannel> idle = new ArrayDeque<>();
  }

  /** Opens a file for reading, whoever writes it. A link is followed. */
  static OpenFile read(Path file) throws IOException {
    synchronized (OPEN) {
      Object key = key(file);
      Users users = OPEN.getOrDefault(key, new Users());
      FileChannel channel = users.idle.pollFirst();
      while (channel != null && !channel.isOpen()) {
        channel = users.idle.pollFirst();
      }
      if (channel == null) {
        channel = FileChannel.open(file, StandardOpenOption.READ);
      }
      users.readers++;
      OPEN.put(key, users);
      return new OpenFile(file, key, users, channel, false, false);
    }
  }

  /**
   * Opens a file for reading and writing, and locks it.
   *
   * @param file the file, no link
   * @param create whether it is made if it is absent
   * @return the file, or null if somebody writes it or this process reads it
   * @throws NoSuchFileException if it is absent and is not to be made
   */
  static @Nullable OpenFile write(Path file, boolean create) throws IOException {
    synchronized (OPEN) {
      for (int i = 0; i < ATTEMPTS; i++) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
            && OPEN.containsKey(key(file, LinkOption.NOFOLLOW_LINKS))) {
          return null;
        }
        boolean created = create && !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        FileChannel channel;
        try {
          channel =
              FileChannel.open(
                  file,
                  created ? StandardOpenOption.CREATE_NEW : StandardOpenOption.WRITE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  LinkOption.NOFOLLOW_LINKS);
        } catch (FileAlreadyExistsException e) {
          continue; // somebody was faster
        } catch (NoSuchFileException e) {
          if (create && !created) {
            continue; // somebody has just removed it
          }
          throw e;
        }
        FileChannel check = null;
        boolean taken = false;
        try {
          if (!locked(channel)) {
            return null;
          }
          check = openIfLocked(file);
          if (check != null) {
            Object key = key(file, LinkOption.NOFOLLOW_LINKS);
            Users users = new Users();
            users.written = true;
            users.idle.add(check);
            OPEN.put(key, users);
            taken = true;
            return new OpenFile(file, key, users, channel, created, true);
          }
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
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /**
   * Opens a name again if it still is that of a file that was locked: between its opening and its
   * locking, the former holder may have removed or replaced it.
   */
  private static @Nullable FileChannel openIfLocked(Path name) throws IOException {
    FileChannel now;
    try {
      now = FileChannel.open(name, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return null;
    }
    boolean same = false;
    try {
      now.tryLock(0, Long.MAX_VALUE, true);
    } catch (OverlappingFileLockException e) {
      same = true; // the virtual machine compares files, not names
    } finally {
      if (!same) {
        now.close();
      }
    }
    return same ? now : null;
  }

  private static Object key(Path file, LinkOption... options) throws IOException {
    Object key = Files.readAttributes(file, BasicFileAttributes.class, options).fileKey();
    return key == null ? file.toRealPath(options) : key;
  }

  /**
   * Refuses what would close a channel that reads, and with it end the lock of a writer in this
   * process. Called before each operation on such a channel.
   */
  static void requireNoInterrupt() throws ClosedByInterruptException {
    if (Thread.currentThread().isInterrupted()) {
      throw new ClosedByInterruptException();
    }
  }

  Path path() {
    return path;
  }

  FileChannel channel() {
    return channel;
  }

  /** Whether opening has made it. */
  boolean created() {
    return created;
  }

  /** Gives the lock back, or ends reading. Closing twice has no effect. */
  @Override
  public void close() throws IOException {
    synchronized (OPEN) {
      if (!open) {
        return;
      }
      open = false;
      if (writes) {
        users.written = false;
      } else {
        users.readers--;
      }
      try {
        if (!writes && users.written) {
          users.idle.add(channel);
        } else {
          channel.close();
        }
      } finally {
        if (!users.written) {
          closeIdle();
        }
        if (!users.written && users.readers == 0) {
          OPEN.remove(key);
        }
      }
    }
  }

  private void closeIdle() throws IOException {
    while (!users.idle.isEmpty()) {
      users.idle.removeFirst().close();
    }
  }
}
