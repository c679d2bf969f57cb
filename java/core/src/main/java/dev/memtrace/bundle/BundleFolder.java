// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Folders that a bundle may be removed from, and their removal. */
final class BundleFolder {
  private BundleFolder() {}

  /**
   * Refuses a folder that holds anything but the files of a bundle, so that nothing else is ever
   * deleted.
   */
  static void requireOnlyBundleFiles(Path folder, String wayOut) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new BundleException(folder + ": is not a folder; " + wayOut);
    }
    for (Path entry : entries(folder)) {
      String name = entry.getFileName().toString();
      boolean known =
          name.equals(BundleFormat.MANIFEST)
              || name.endsWith(BundleFormat.STORED)
              || name.endsWith(BundleFormat.STORED + BundleFormat.GZIP);
      if (!known || !Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
        throw new BundleException(
            folder + ": holds " + name + ", which is no file of a bundle; " + wayOut);
      }
    }
  }

  /** Refuses a folder that is not a bundle through and through. */
  static void requireBundle(Path folder, String wayOut) throws IOException {
    requireOnlyBundleFiles(folder, wayOut);
    Path manifest = folder.resolve(BundleFormat.MANIFEST);
    if (!Files.exists(manifest)
        || !Files.readString(manifest).contains('"' + BundleFormat.FORMAT + '"')) {
      throw new BundleException(
          folder + ": has no " + BundleFormat.MANIFEST + " of a bundle; " + wayOut);
    }
  }

  static boolean isEmpty(Path folder) throws IOException {
    return entries(folder).isEmpty();
  }

  /** Removes a folder without subfolders. */
  static void remove(Path folder) throws IOException {
    for (Path entry : entries(folder)) {
      Files.deleteIfExists(entry);
    }
    Files.deleteIfExists(folder);
  }

  /** Makes the names in a folder durable, where the system can. */
  static void sync(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Not every system opens folders; the files themselves are durable.
    }
  }

  private static List<Path> entries(Path folder) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(entries::add);
    }
    return entries;
  }
}
