// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.offheap.BufferPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A bundle on disk, opened for reading. Opening reads the manifest and finds the files; their
 * content is read, and checked, when it is asked for. Nothing in a bundle is trusted: no file
 * outside the folder is opened, and no more memory is taken than the content needs. Immutable.
 */
public final class Bundle {
  private static final long MAX_MANIFEST_BYTES = 16L << 20;

  private final Path folder;
  private final BundleManifest manifest;
  private final BundleFile log;
  private final @Nullable BundleFile initialMemory;

  private Bundle(Path folder, BundleManifest manifest) {
    this.folder = folder;
    this.manifest = manifest;
    this.log = BundleFile.require(folder, manifest.log().file());
    this.initialMemory =
        manifest.initialMemory() == null
            ? null
            : BundleFile.require(folder, manifest.initialMemory().file());
  }

  /**
   * Opens a bundle.
   *
   * @param folder its folder
   * @return the bundle
   * @throws BundleException if there is no bundle, or its manifest is not as the format demands
   */
  public static Bundle open(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new BundleException(
          folder
              + (Files.exists(folder) ? ": is not a folder" : ": does not exist")
              + "; a bundle is a folder with a "
              + BundleFormat.MANIFEST);
    }
    if (!Files.exists(folder.resolve(BundleFormat.MANIFEST), LinkOption.NOFOLLOW_LINKS)) {
      throw new BundleException(
          folder + ": has no " + BundleFormat.MANIFEST + ", so it is not a bundle");
    }
    return new Bundle(folder, readManifest(folder));
  }

  /** Reads the manifest of a folder that has one. */
  static BundleManifest readManifest(Path folder) {
    BundleFile file = BundleFile.at(folder, BundleFormat.MANIFEST, false);
    if (file.bytes() > MAX_MANIFEST_BYTES) {
      throw new BundleException(
          BundleFormat.MANIFEST
              + ": has "
              + file.bytes()
              + " bytes; the limit is "
              + MAX_MANIFEST_BYTES);
    }
    try {
      byte[] json = Files.readAllBytes(file.path());
      return ManifestReader.read(json, BundleFormat.MANIFEST);
    } catch (IOException e) {
      throw BundleFile.cannotRead(file.path(), e);
    }
  }

  /**
   * Returns the folder.
   *
   * @return the path that was opened
   */
  public Path folder() {
    return folder;
  }

  /**
   * Returns what the manifest says.
   *
   * @return the manifest
   */
  public BundleManifest manifest() {
    return manifest;
  }

  BundleFile log() {
    return log;
  }

  @Nullable BundleFile initialMemory() {
    return initialMemory;
  }

  /**
   * Returns how many bytes the log and the initial memory have as they are stored.
   *
   * @return bytes
   */
  public long storedBytes() {
    return log.bytes() + (initialMemory == null ? 0 : initialMemory.bytes());
  }

  /**
   * Reads the access log.
   *
   * @param pool where the memory of the log comes from
   * @param progress hears how many stored bytes were read so far
   * @return a new log, owned by the caller
   * @throws BundleException at the first entry that is not legal, with its index and word offset,
   *     or if the log is not as long as the manifest says
   */
  public AccessLog readLog(BufferPool pool, LongConsumer progress) {
    return LogReader.read(log, manifest.log().count(), manifest.config(), pool, progress);
  }

  /**
   * Reads the memory before the first access.
   *
   * @param progress hears how many stored bytes were read so far
   * @return a new image, owned by the caller; all zeros if the bundle has none
   * @throws BundleException at the first cell that is not legal, with its index and word offset, or
   *     if there are not as many as the manifest says
   */
  public AddressMap readInitialMemory(LongConsumer progress) {
    BundleManifest.Stored stored = manifest.initialMemory();
    return initialMemory == null || stored == null
        ? new AddressMap(manifest.config())
        : CellReader.read(initialMemory, stored.count(), manifest.config(), progress);
  }
}
