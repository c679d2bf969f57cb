// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.BundleManifest.Stored;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.log.AccessLog;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the bundles of an execution that still goes on: each log becomes a complete bundle {@code
 * NNNN-NAME} of persistent memory, and memory and its tree move from segment to segment. The folder
 * of the bundles appears at {@link #commit} and not before; {@link #close} without a commit removes
 * it all.
 *
 * <p>Used by one thread at a time, which need not be the one that executes; {@link #cancel} may be
 * called at any time.
 */
public final class ChainWriter implements AutoCloseable {
  private final OutputFolder folder;
  private final String name;
  private final MemoryConfig config;
  private final TraceBackend backend;
  private final Set<Product> products = EnumSet.noneOf(Product.class);
  private int segments;

  /** What the last segment has left, until the next one takes it. */
  private @Nullable MemoryState state;

  private ChainWriter(
      OutputFolder folder,
      String name,
      MemoryState initial,
      TraceBackend backend,
      Set<Product> products) {
    this.folder = folder;
    this.name = name;
    this.config = initial.config();
    this.state = initial;
    this.backend = backend;
    this.products.addAll(products);
  }

  /**
   * Begins a folder of bundles.
   *
   * @param target the folder to make; must be absent or empty unless {@code force}
   * @param force whether a bundle, or the bundles of a chain, in its place are replaced
   * @param name name of every segment
   * @param initial memory before the first access; owned by this from now on
   * @param backend what makes the traces; not closed
   * @param products what to write; may be empty
   * @return a writer, closed by the caller
   * @throws BundleException if no folder can have the name, or the target is in use, cannot be
   *     written or would have to be replaced
   */
  public static ChainWriter open(
      Path target,
      boolean force,
      String name,
      MemoryState initial,
      TraceBackend backend,
      Set<Product> products) {
    boolean complete = false;
    try {
      String why = whyNoFolderName(name);
      if (why != null) {
        throw new BundleException(target + ": the " + why + "; choose another one");
      }
      OutputFolder folder = OutputFolder.open(target, force);
      complete = true;
      return new ChainWriter(folder, name, initial, backend, products);
    } finally {
      if (!complete) {
        initial.close();
      }
    }
  }

  /** Why a segment's name cannot be part of the name of a folder, or null if it can. */
  static @Nullable String whyNoFolderName(String name) {
    return name.chars().anyMatch(c -> c == '/' || c == '\\' || c == ':' || c < 0x20 || c == 0x7F)
        ? "name '" + name + "' cannot be part of the name of a folder"
        : null;
  }

  /** Name of the folder of a segment. */
  static String folderName(int position, String name) {
    return String.format(Locale.ROOT, "%04d-%s", position, name);
  }

  /**
   * Makes the bundle of the next segment.
   *
   * @param log what the segment did to memory; owned by this from now on
   * @return what was done
   * @throws BundleException if the segment is beyond what the tables can count, or the bundle
   *     cannot be written; nothing but {@link #close} is possible then
   */
  public GenerationReport add(AccessLog log) {
    boolean handedOver = false;
    MemoryState before = state;
    if (before == null) {
      log.release();
      throw new IllegalStateException("this chain has failed or was closed; begin another one");
    }
    state = null;
    StageClock clock = new StageClock(GenerationListener.NONE);
    try (BundleWriter out =
            BundleWriter.inside(
                folder, folderName(segments, name), manifest(log, before.image()), backend.pool());
        SegmentMemory segment = new SegmentMemory(MemoryMode.PERSISTENT, config, backend)) {
      clock.endIf(out::checkWanted);
      clock.enter(Stage.WRITE, 0);
      out.writeLog(log);
      out.writeInitialMemory(before.image());
      segment.memory().setInitialMemory(before);
      segment.memory().setMemoryLogs(log);
      handedOver = true;
      GenerationReport report =
          new ProductWriter(out, segment, backend, products, clock).write(log.endTimestamp());
      out.publish();
      state = segment.memory().finalState();
      segments++;
      return report;
    } finally {
      if (!handedOver) {
        log.release();
        before.close();
      }
    }
  }

  private BundleManifest manifest(AccessLog log, MemoryImage initial) {
    long[] cells = new long[1];
    initial.forEachNonZero((_, _, _) -> cells[0]++);
    return new BundleManifest(
        name,
        MemoryMode.PERSISTENT,
        config,
        new Stored(BundleFormat.LOG, log.size()),
        new Stored(BundleFormat.INITIAL, cells[0]),
        null,
        null,
        null);
  }

  /**
   * Puts the folder in its place.
   *
   * @throws BundleException if that is not possible
   */
  public void commit() {
    folder.commit();
  }

  /**
   * Stops at the next piece that is written or at the end of the stage, and removes what was
   * written. From any thread. To interrupt the thread that adds a segment has the same effect.
   */
  public void cancel() {
    folder.close();
  }

  /** Removes everything that was not committed. Closing twice has no effect. */
  @Override
  public void close() {
    try {
      folder.close();
    } finally {
      if (state != null) {
        state.close();
        state = null;
      }
    }
  }
}
