// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.faults;

import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Files whose operations fail on demand: a path that {@link #path} returns leads to the same file
 * as the one given, and everything that is done by way of it is counted and may fail. Thread-safe.
 *
 * <p>Counted is what may fail on a healthy machine: opening, reading, writing, forcing, locking,
 * truncating, asking for a size or attributes, listing, making, linking, moving and deleting.
 * Closing never fails, and asking whether a file exists has no error to return.
 */
public final class FaultyFiles {
  /** How an operation fails. */
  public enum Kind {
    /** It does nothing and fails as a broken disk does. */
    BROKEN("Input/output error"),
    /** As {@link #BROKEN}, but writing writes half of what it was given before. */
    FULL("No space left on device");

    private final String reason;

    Kind(String reason) {
      this.reason = reason;
    }
  }

  private final FaultyFileSystem system;
  private final TreeMap<Long, Kind> planned = new TreeMap<>();
  private final List<String> failed = new ArrayList<>();
  private final Set<Channel> open = ConcurrentHashMap.newKeySet();
  private final List<String> operations = new ArrayList<>();

  /** Begins without faults. */
  public FaultyFiles() {
    this.system = new FaultyFileSystem(this, FileSystems.getDefault());
  }

  /**
   * Returns another way to a file.
   *
   * @param real the file, of the default file system
   * @return its path in this file system
   */
  public Path path(Path real) {
    return system.wrap(real);
  }

  /**
   * Lets the nth operation from now fail.
   *
   * @param nth 1 is the next one
   * @param kind how
   */
  public synchronized void fail(long nth, Kind kind) {
    planned.put(operations.size() + nth, kind);
  }

  /** Plans no more faults and counts from 0 again. */
  public synchronized void heal() {
    planned.clear();
    failed.clear();
    operations.clear();
  }

  /**
   * Says what was done.
   *
   * @return operations and files, since the last {@link #heal}, failed ones included
   */
  public synchronized List<String> operations() {
    return List.copyOf(operations);
  }

  /**
   * Says what has failed.
   *
   * @return operations and files, since the last {@link #heal}
   */
  public synchronized List<String> failed() {
    return List.copyOf(failed);
  }

  /**
   * Counts channels and listings that are open.
   *
   * @return how many nobody has closed
   */
  public int open() {
    return open.size();
  }

  void opened(Channel channel) {
    open.add(channel);
  }

  void closed(Channel channel) {
    open.remove(channel);
  }

  /** Counts an operation that writes nothing. */
  void operation(String name, Path file) throws IOException {
    Kind kind = count(name, file);
    if (kind != null) {
      throw new FileSystemException(file.toString(), null, kind.reason);
    }
  }

  /**
   * Counts an operation that writes.
   *
   * @return how it fails, or null
   */
  synchronized @Nullable Kind count(String name, Path file) {
    String operation = name + " " + file;
    operations.add(operation);
    Kind kind = planned.remove((long) operations.size());
    if (kind != null) {
      failed.add(operation);
    }
    return kind;
  }

  static IOException failure(Kind kind) {
    return new IOException(kind.reason); // as a channel throws it, without a name
  }
}
