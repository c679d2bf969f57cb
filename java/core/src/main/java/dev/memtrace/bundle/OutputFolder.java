// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.durable.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A folder that appears only when it is complete. It is filled as {@code .NAME.partial} beside the
 * target, under the lock {@code .NAME.lock}, made durable, and renamed at the end. An older bundle
 * in its place is moved to {@code .NAME.old} just before, and removed just after. A marker in each
 * of the two says that memtrace has put it there, and in the first lists what was made; nothing
 * else is ever removed. The target has the marker for a moment, or for longer if a process was
 * killed in it; the next one takes it away.
 *
 * <p>{@link #close()} may be called from another thread at any time, as a shutdown does.
 */
final class OutputFolder implements AutoCloseable {
  private static final long COPY_BYTES = 8L << 20;

  private final Path target;
  private final Path partial;
  private final Path old;
  private final boolean force;

  /** Folders above the target that were made for it, the innermost first. */
  private final Deque<Path> madeParents = new ArrayDeque<>();

  /** Names in the partial folder that this made. */
  private final Set<String> created = new HashSet<>();

  private final List<OutputFile> files = new ArrayList<>();
  private @Nullable FolderLock lock;
  private boolean ownsPartial;
  private boolean open = true;

  private OutputFolder(Path target, boolean force) {
    this.target = target;
    String name = String.valueOf(target.getFileName());
    this.partial = target.resolveSibling("." + name + ".partial");
    this.old = target.resolveSibling("." + name + ".old");
    this.force = force;
  }

  /** Takes the lock and makes the partial folder. */
  static OutputFolder open(Path wanted, boolean force) {
    requireNoInterrupt(wanted);
    OutputFolder folder = null;
    boolean complete = false;
    Deque<Path> made = new ArrayDeque<>();
    try {
      folder = new OutputFolder(resolve(wanted, made), force);
      folder.madeParents.addAll(made);
      folder.begin();
      complete = true;
      return folder;
    } catch (IOException e) {
      throw new BundleException(
          wanted + ": cannot be written: " + BundleFormat.reason(e) + "; choose another folder", e);
    } finally {
      if (!complete) {
        if (folder != null) {
          folder.close();
        } else {
          removeParents(made);
        }
      }
    }
  }

  /** The target behind all links, after making the folders above it. */
  private static Path resolve(Path wanted, Deque<Path> made) throws IOException {
    Path real = real(wanted);
    Path parent = real.getParent();
    if (parent == null) {
      throw new BundleException(wanted + ": cannot be replaced; choose a folder below it");
    }
    Deque<Path> missing = new ArrayDeque<>();
    for (Path p = parent; p != null && !Files.exists(p); p = p.getParent()) {
      missing.push(p);
    }
    for (Path p : missing) {
      Files.createDirectory(p);
      made.push(p);
    }
    return real;
  }

  /** The path without links and dots. Each is followed in its place: what is above a link's end. */
  private static Path real(Path wanted) throws IOException {
    Path absolute = wanted.toAbsolutePath();
    Path real = absolute.getRoot();
    for (Path part : absolute) {
      String name = part.toString();
      if (name.equals("..")) {
        Path parent = real.getParent();
        real = parent == null ? real : parent;
      } else if (!name.isEmpty() && !name.equals(".")) {
        real = real.resolve(part);
        if (Files.exists(real)) {
          real = real.toRealPath();
        } else if (Files.exists(real, LinkOption.NOFOLLOW_LINKS)) {
          throw new BundleException(
              real + ": is a link that leads nowhere; remove it or choose another folder");
        }
      }
    }
    return real;
  }

  private void begin() throws IOException {
    Path lockFile = target.resolveSibling("." + target.getFileName() + ".lock");
    lock = FolderLock.tryTake(lockFile);
    if (lock == null) {
      throw new BundleException(
          target
              + ": is in use, another process is writing it (lock "
              + lockFile
              + "); wait for it or choose another folder");
    }
    recover();
    checkTarget();
    Files.createDirectory(partial);
    ownsPartial = true;
    BundleFolder.own(partial);
    created.add(BundleFolder.OWNER);
  }

  /** Clears away what a process that was killed has left. */
  private void recover() throws IOException {
    if (Files.exists(partial, LinkOption.NOFOLLOW_LINKS)) {
      List<String> names = BundleFolder.requireOwned(partial, "move it away, its name is needed");
      BundleFolder.remove(partial, names);
    }
    if (Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
      if (Files.isDirectory(old, LinkOption.NOFOLLOW_LINKS) && BundleFolder.isEmpty(old)) {
        Files.delete(old); // all but the last step of removing it was done
      } else {
        List<String> names = BundleFolder.requireOld(old, "move it away, its name is needed");
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
          BundleFolder.remove(old, names);
        } else {
          Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
        }
      }
    }
    if (BundleFolder.isOld(target)) {
      BundleFolder.disown(target);
    }
  }

  /** The files of the bundle to be replaced, if any; refuses a target that cannot be. */
  private List<String> checkTarget() throws IOException {
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new BundleException(target + ": is not a folder; choose another name");
    }
    if (BundleFolder.isEmpty(target)) {
      return List.of();
    }
    if (!force) {
      throw new BundleException(
          target + ": is not empty; remove it, choose another folder, or replace it with --force");
    }
    return BundleFolder.requireBundles(
        target, "only a bundle is replaced; remove the folder yourself or choose another one");
  }

  Path target() {
    return target;
  }

  /** Makes a folder in this one, for files whose names begin with its own and a slash. */
  synchronized void makeFolder(String name) {
    checkOpen();
    try {
      BundleFolder.announce(partial, name + BundleFolder.SLASH);
      Files.createDirectory(partial.resolve(name));
      created.add(name + BundleFolder.SLASH);
    } catch (IOException e) {
      throw failed(name, e);
    }
  }

  /** Makes the names in a folder in this one durable. */
  synchronized void syncFolder(String name) {
    checkOpen();
    DurableFiles.syncFolder(partial.resolve(name));
  }

  /** Creates a file, which the caller finishes. */
  synchronized OutputFile create(String name) {
    checkOpen();
    try {
      BundleFolder.announce(partial, name);
      OutputFile file = new OutputFile(this, partial.resolve(name));
      created.add(name);
      files.add(file);
      return file;
    } catch (IOException e) {
      throw failed(name, e);
    }
  }

  synchronized void forget(OutputFile file) {
    files.remove(file);
  }

  /** Adds a stored file of another bundle in the form that it has there. */
  void add(BundleFile source, String name) {
    String stored = source.gzip() ? name + BundleFormat.GZIP : name;
    if (!link(source, stored)) {
      copy(source, stored);
    }
  }

  private synchronized boolean link(BundleFile source, String name) {
    checkOpen();
    try {
      BundleFolder.announce(partial, name);
      Files.createLink(partial.resolve(name), source.path());
      created.add(name);
      sync(source);
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      // Another file system, or one without hard links, or a file that may only be read: copy.
      return false;
    }
  }

  private static void sync(BundleFile linked) {
    try (FileChannel channel = linked.open()) {
      channel.force(true);
    } catch (IOException e) {
      // It is no less durable than it was.
    }
  }

  private void copy(BundleFile source, String name) {
    try (FileChannel in = FileChannel.open(source.path(), StandardOpenOption.READ);
        OutputFile out = create(name)) {
      for (long at = 0; at < source.bytes(); ) {
        long n = out.transferFrom(in, at, Math.min(COPY_BYTES, source.bytes() - at));
        if (n <= 0) {
          throw new BundleException(source.path() + ": became shorter while it was copied");
        }
        at += n;
      }
      out.finish();
    } catch (IOException e) {
      throw failed(name, e);
    }
  }

  BundleException failed(String name, IOException e) {
    return new BundleException(
        "%s: cannot write %s: %s; nothing was kept, free some space or choose another folder"
            .formatted(target, name, BundleFormat.reason(e)),
        e);
  }

  void checkOpen() {
    if (!open) {
      throw new BundleException(target + ": writing was cancelled; nothing was kept");
    }
  }

  /** Ends the work for this folder if it was cancelled or its thread is interrupted. */
  synchronized void checkWanted() {
    checkOpen();
    requireNoInterrupt(target);
  }

  private static void requireNoInterrupt(Path target) {
    if (Thread.currentThread().isInterrupted()) {
      throw new BundleException(target + ": the thread was interrupted; nothing was kept");
    }
  }

  /** Puts the folder in its place. */
  synchronized void commit() {
    checkOpen();
    try {
      List<String> replaced = checkTarget();
      DurableFiles.syncFolder(partial);
      if (!replaced.isEmpty()) {
        replace();
      } else {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      }
      DurableFiles.syncName(target);
      madeParents.forEach(DurableFiles::syncName);
      madeParents.clear();
      removeRest(replaced);
    } catch (IOException e) {
      throw new BundleException(
          target + ": cannot be put in place: " + BundleFormat.reason(e) + "; nothing was kept", e);
    }
  }

  private void replace() throws IOException {
    BundleFolder.own(target);
    Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
    try {
      Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
      BundleFolder.disown(target);
      throw e;
    }
  }

  private void removeRest(List<String> replaced) {
    try {
      BundleFolder.disown(target);
      if (!replaced.isEmpty()) {
        List<String> names = new ArrayList<>(replaced);
        names.add(BundleFolder.OWNER);
        BundleFolder.remove(old, names);
      }
    } catch (IOException e) {
      // The new bundle is in place; the next run removes the rest of the old one.
    }
  }

  /** Removes what is not committed and gives the lock back. Closing twice has no effect. */
  @Override
  public synchronized void close() {
    if (!open) {
      return;
    }
    open = false;
    List.copyOf(files).forEach(OutputFile::abandon);
    try (FolderLock _ = lock) {
      if (ownsPartial && Files.isDirectory(partial, LinkOption.NOFOLLOW_LINKS)) {
        BundleFolder.remove(partial, created);
      }
    } catch (IOException e) {
      throw new BundleException(
          partial + ": cannot be removed: " + BundleFormat.reason(e) + "; remove it yourself", e);
    } finally {
      removeParents(madeParents);
    }
  }

  private static void removeParents(Deque<Path> made) {
    for (Path p : made) {
      try {
        Files.deleteIfExists(p);
      } catch (IOException e) {
        return; // someone else uses it by now
      }
    }
  }
}
