// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.durable.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * An operating-system lock on a file that exists only while the lock is held. The system drops the
 * lock of a process that dies, so a file that was left behind locks nobody out. A file that is not
 * empty and holds no token of this class belongs to someone else and is neither written nor
 * removed; no link is followed.
 */
final class FolderLock implements AutoCloseable {
  /** Locks of this process: the system sees them all as one, and closing any would drop it. */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private static final int ATTEMPTS = 100;

  private static final int TOKEN_BYTES = 36;
  private static final String SOME_TOKEN = new UUID(0, 0).toString();

  private final Path file;
  private final byte[] token;
  private final FileChannel channel;

  /** A second opening of {@link #file}, kept because closing it would drop the lock. */
  private final FileChannel check;

  private FolderLock(Path file, byte[] token, FileChannel channel, FileChannel check) {
    this.file = file;
    this.token = token;
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
      lock =
          DurableFiles.uninterrupted(() -> Optional.ofNullable(tryTakeFromOthers(file)))
              .orElse(null);
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
      requireRegular(file);
      FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              LinkOption.NOFOLLOW_LINKS);
      FileChannel check = null;
      boolean taken = false;
      try {
        FileLock held = channel.tryLock();
        if (held == null) {
          return null;
        }
        if (!isToken(read(channel))) {
          throw foreign(file, "holds something else than a lock");
        }
        channel.truncate(0).write(ByteBuffer.wrap(token), 0);
        // The former holder may have removed the file between our opening and our locking it.
        check = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        taken = Arrays.equals(read(check), token);
        if (taken) {
          return new FolderLock(file, token, channel, check);
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

  private static void requireRegular(Path file) {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw foreign(file, "is a link or no regular file");
    }
  }

  private static BundleException foreign(Path file, String what) {
    return new BundleException(
        file
            + ": "
            + what
            + ", and its name is needed for a lock; move it away or choose another folder");
  }

  /** The content, or more than a token of it. */
  private static byte[] read(FileChannel channel) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(TOKEN_BYTES + 1);
    for (int n = 0; n >= 0 && content.hasRemaining(); ) {
      n = channel.read(content, content.position());
    }
    return Arrays.copyOf(content.array(), content.position());
  }

  /** Whether a holder of the lock has written this: its token, or the begin of it. */
  private static boolean isToken(byte[] content) {
    String text = new String(content, StandardCharsets.US_ASCII);
    return text.length() <= TOKEN_BYTES
        && (text + SOME_TOKEN.substring(text.length()))
            .matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  }

  /** Removes the file, if it is still the one that was locked, and gives the lock back. */
  @Override
  public void close() throws IOException {
    if (OWN.contains(file)) {
      try {
        DurableFiles.uninterrupted(this::remove);
      } finally {
        channel.close();
        check.close();
        OWN.remove(file);
      }
    }
  }

  /** Returns whether there was a file of this lock to remove. */
  private boolean remove() throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    // Closing any opening drops the lock: by then the file must be gone.
    try (FileChannel now =
        FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      return Arrays.equals(read(now), token) && Files.deleteIfExists(file);
    }
  }
}
