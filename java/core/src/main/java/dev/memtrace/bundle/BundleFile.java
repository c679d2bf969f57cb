// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A stored file of a bundle, in one of its two forms.
 *
 * @param path the file itself, behind all links
 * @param name its name in the bundle, with the ending of the gzipped form if it has that
 * @param gzip whether it is gzipped
 * @param bytes its size as stored
 */
record BundleFile(Path path, String name, boolean gzip, long bytes) {

  /** Finds a file in either form; null if it is in neither. */
  static @Nullable BundleFile find(Path folder, String name) {
    boolean plain = Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS);
    String gzipName = name + BundleFormat.GZIP;
    boolean gzip = Files.exists(folder.resolve(gzipName), LinkOption.NOFOLLOW_LINKS);
    if (plain && gzip) {
      throw new BundleException(
          folder
              + ": has both "
              + name
              + " and "
              + gzipName
              + "; a file is stored in one form, remove the other");
    }
    if (!plain && !gzip) {
      return null;
    }
    return at(folder, plain ? name : gzipName, gzip);
  }

  /** Finds a file in either form. */
  static BundleFile require(Path folder, String name) {
    BundleFile file = find(folder, name);
    if (file == null) {
      throw new BundleException(
          folder
              + ": has neither "
              + name
              + " nor "
              + name
              + BundleFormat.GZIP
              + ", which the manifest names");
    }
    return file;
  }

  /** Takes the file of exactly that name, which must not lead out of the folder. */
  static BundleFile at(Path folder, String name, boolean gzip) {
    Path entry = folder.resolve(name);
    try {
      Path real = entry.toRealPath();
      if (!real.startsWith(folder.toRealPath())) {
        throw new BundleException(
            entry
                + ": is a link to "
                + real
                + ", which is not in the bundle; put the file itself there");
      }
      if (!Files.isRegularFile(real)) {
        throw new BundleException(entry + ": is not a regular file");
      }
      return new BundleFile(real, name, gzip, Files.size(real));
    } catch (IOException e) {
      throw cannotRead(entry, e);
    }
  }

  FileChannel open() throws IOException {
    return FileChannel.open(path, StandardOpenOption.READ);
  }

  static BundleException cannotRead(Path file, IOException e) {
    return new BundleException(file + ": cannot be read: " + BundleFormat.reason(e), e);
  }
}
