// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Folders that a bundle may be removed from, and their removal. */
final class BundleFolder {
  /**
   * Marks a folder that memtrace is putting in place or out of it; each line is the name of a file
   * that was begun in it.
   */
  static final String OWNER = ".memtrace-partial";

  /** Ends the name of a folder in a list of names. */
  static final String SLASH = "/";

  private BundleFolder() {}

  /**
   * Refuses a folder that is not a bundle through and through, so that nothing else is ever
   * deleted. Returns the names of its files.
   */
  static List<String> requireBundle(Path folder, String wayOut) throws IOException {
    requireFolder(folder, wayOut);
    return requireBundle(folder, tree(folder), wayOut);
  }

  private static List<String> requireBundle(Path folder, List<String> names, String wayOut)
      throws IOException {
    Set<String> inputs = new HashSet<>();
    boolean hasManifest =
        Files.isRegularFile(folder.resolve(BundleFormat.MANIFEST), LinkOption.NOFOLLOW_LINKS);
    if (hasManifest) {
      BundleManifest manifest = manifest(folder, wayOut);
      inputs.add(manifest.log().file());
      if (manifest.initialMemory() != null) {
        inputs.add(manifest.initialMemory().file());
      }
    }
    requireOnly(
        folder,
        names,
        name -> {
          String plain = withoutGzip(name);
          return name.equals(BundleFormat.MANIFEST)
              || BundleFormat.isProduct(plain)
              || inputs.contains(plain);
        },
        wayOut);
    if (!hasManifest) {
      throw new BundleException(
          folder + ": has no " + BundleFormat.MANIFEST + " of a bundle; " + wayOut);
    }
    return names;
  }

  /**
   * Refuses a folder that is neither a bundle nor a folder of the bundles of a chain through and
   * through. Returns the names of its files, and of its folders with a slash at the end.
   */
  static List<String> requireBundles(Path folder, String wayOut) throws IOException {
    requireFolder(folder, wayOut);
    return requireBundles(folder, names(folder), false, wayOut);
  }

  /**
   * Refuses a folder that was not marked by {@link #own}, or that holds anything else than what is
   * left of bundles whose removal may have begun. Returns names as {@link #requireBundles} does,
   * and the marker.
   */
  static List<String> requireOld(Path folder, String wayOut) throws IOException {
    requireFolder(folder, wayOut);
    requireMarker(folder, wayOut);
    List<String> top = names(folder);
    top.remove(OWNER);
    List<String> names = new ArrayList<>(List.of(OWNER));
    if (!top.isEmpty()) {
      names.addAll(requireBundles(folder, top, true, wayOut));
    }
    return names;
  }

  /** Whether a folder has the marker and is a bundle, or what is left of one. */
  static boolean isOld(Path folder) throws IOException {
    try {
      requireOld(folder, "");
      return true;
    } catch (BundleException e) {
      return false;
    }
  }

  /**
   * @param top what is in the folder, the marker aside
   * @param half whether some bundles may be empty folders
   */
  private static List<String> requireBundles(
      Path folder, List<String> top, boolean half, String wayOut) throws IOException {
    if (top.isEmpty() || !top.stream().allMatch(name -> isSegment(folder, name))) {
      List<String> names = tree(folder);
      names.removeIf(name -> half && name.equals(OWNER));
      return requireBundle(folder, names, wayOut);
    }
    List<String> names = new ArrayList<>();
    for (String name : top) {
      Path segment = folder.resolve(name);
      names.add(name + SLASH);
      if (!half || !isEmpty(segment)) {
        requireBundle(segment, wayOut).forEach(file -> names.add(name + SLASH + file));
      }
    }
    return names;
  }

  private static boolean isSegment(Path folder, String name) {
    return name.matches("(?s)\\d{4,}-.*")
        && Files.isDirectory(folder.resolve(name), LinkOption.NOFOLLOW_LINKS);
  }

  private static BundleManifest manifest(Path folder, String wayOut) throws IOException {
    try {
      return Bundle.readManifest(folder);
    } catch (BundleException e) {
      throw new BundleException(
          folder
              + ": has no "
              + BundleFormat.MANIFEST
              + " of a bundle ("
              + e.getMessage()
              + "); "
              + wayOut,
          e);
    }
  }

  private static String withoutGzip(String name) {
    return name.endsWith(BundleFormat.GZIP)
        ? name.substring(0, name.length() - BundleFormat.GZIP.length())
        : name;
  }

  /**
   * Refuses a folder that was not marked by {@link #own} or that holds anything which was not
   * announced by {@link #announce}. Returns the names of its files, and of its folders with a slash
   * at the end.
   */
  static List<String> requireOwned(Path folder, String wayOut) throws IOException {
    requireFolder(folder, wayOut);
    List<String> names = tree(folder);
    if (!names.isEmpty()) {
      requireMarker(folder, wayOut);
    }
    Set<String> announced =
        names.isEmpty() ? Set.of() : new HashSet<>(Files.readAllLines(folder.resolve(OWNER)));
    requireOnly(folder, names, name -> name.equals(OWNER) || announced.contains(name), wayOut);
    return names;
  }

  private static void requireMarker(Path folder, String wayOut) {
    if (!Files.isRegularFile(folder.resolve(OWNER), LinkOption.NOFOLLOW_LINKS)) {
      throw new BundleException(
          folder + ": holds no " + OWNER + ", so memtrace has not made it; " + wayOut);
    }
  }

  private static void requireFolder(Path folder, String wayOut) {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new BundleException(folder + ": is not a folder; " + wayOut);
    }
  }

  private static void requireOnly(
      Path folder, List<String> names, Predicate<String> known, String wayOut) {
    for (String name : names) {
      // A name with a slash is that of a folder, and no folder is behind a link.
      boolean asNamed =
          name.endsWith(SLASH)
              || Files.isRegularFile(folder.resolve(name), LinkOption.NOFOLLOW_LINKS);
      if (!known.test(name) || !asNamed) {
        throw new BundleException(
            folder + ": holds " + withoutSlash(name) + ", which is no file of a bundle; " + wayOut);
      }
    }
  }

  private static String withoutSlash(String name) {
    return name.endsWith(SLASH) ? name.substring(0, name.length() - 1) : name;
  }

  /** Marks a folder as one that memtrace is moving. */
  static void own(Path folder) throws IOException {
    Files.createFile(folder.resolve(OWNER));
  }

  /** Notes in the marker that a file is about to be made. */
  static void announce(Path folder, String name) throws IOException {
    Files.writeString(
        folder.resolve(OWNER), name + '\n', StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);
  }

  /** Removes the marker, if there is one. */
  static void disown(Path folder) throws IOException {
    Path marker = folder.resolve(OWNER);
    if (Files.isRegularFile(marker, LinkOption.NOFOLLOW_LINKS)) {
      Files.delete(marker);
    }
  }

  static boolean isEmpty(Path folder) throws IOException {
    return names(folder).isEmpty();
  }

  /**
   * Removes files and folders from a folder, and the folder if nothing else is in it. What tells
   * that it may be removed goes last, so that the next run can go on if this one is killed.
   */
  static void remove(Path folder, Collection<String> names) throws IOException {
    List<String> inOrder = new ArrayList<>(names);
    inOrder.sort(Comparator.comparingInt(BundleFolder::turn));
    for (String name : inOrder) {
      Files.deleteIfExists(folder.resolve(name));
    }
    Files.deleteIfExists(folder);
  }

  /** When a name is removed: files, manifests below, folders, manifest, marker. */
  private static int turn(String name) {
    if (name.endsWith(SLASH)) {
      return 2;
    }
    return switch (name) {
      case BundleFormat.MANIFEST -> 3;
      case OWNER -> 4;
      default -> name.endsWith(SLASH + BundleFormat.MANIFEST) ? 1 : 0;
    };
  }

  private static List<String> names(Path folder) throws IOException {
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      return names(stream);
    }
  }

  /** Names in a folder and one level below; those of folders end with a slash. */
  private static List<String> tree(Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    for (String name : names(folder)) {
      Path entry = folder.resolve(name);
      if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
        names.add(name + SLASH);
        names(entry).forEach(below -> names.add(name + SLASH + below));
      } else {
        names.add(name);
      }
    }
    return names;
  }

  static List<String> names(DirectoryStream<Path> stream) throws IOException {
    List<String> names = new ArrayList<>();
    try {
      for (Path entry : stream) {
        names.add(String.valueOf(entry.getFileName()));
      }
    } catch (DirectoryIteratorException e) {
      IOException cause = e.getCause();
      throw cause == null ? new IOException(e) : cause;
    }
    return names;
  }
}
