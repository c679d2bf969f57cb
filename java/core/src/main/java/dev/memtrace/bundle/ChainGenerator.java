// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the output bundles of consecutive segments of one execution. Memory and its tree move from
 * segment to segment: a bundle holds what it would hold if it were made alone, but only the first
 * segment hashes its initial memory. One generation; {@link #cancel} may be called from another
 * thread.
 */
public final class ChainGenerator {
  private final List<Bundle> segments;
  private final TraceBackend backend;
  private final Set<Product> products = EnumSet.noneOf(Product.class);
  private final GenerationListener listener;
  private @Nullable OutputFolder folder;
  private boolean cancelled;

  /** What the last segment has left, until the next one takes it. */
  private @Nullable MemoryState state;

  /**
   * Prepares a generation.
   *
   * @param segments the inputs in order, at least one
   * @param backend what makes the traces; not closed
   * @param products what to write; may be empty
   * @param listener hears about progress; TRACES and WRITE of one segment come before READ of the
   *     next
   * @throws BundleException if a segment is volatile, of another configuration than the first, or
   *     has a name that no folder can have
   */
  public ChainGenerator(
      List<Bundle> segments,
      TraceBackend backend,
      Set<Product> products,
      GenerationListener listener) {
    this.segments = List.copyOf(segments);
    this.backend = backend;
    this.products.addAll(products);
    this.listener = listener;
    Bundle first = this.segments.getFirst();
    for (Bundle segment : this.segments) {
      BundleManifest manifest = segment.manifest();
      if (manifest.mode() != MemoryMode.PERSISTENT) {
        throw new BundleException(
            segment.folder()
                + ": has volatile memory, which does not outlive its segment; a chain is of"
                + " persistent segments");
      }
      if (!manifest.config().sameMemory(first.manifest().config())) {
        throw new BundleException(
            "%s: has another configuration than %s (%s, not %s); the segments of a chain have one"
                .formatted(
                    segment.folder(),
                    first.folder(),
                    manifest.config(),
                    first.manifest().config()));
      }
      requireFolderName(segment);
    }
  }

  private static void requireFolderName(Bundle segment) {
    String why = ChainWriter.whyNoFolderName(segment.manifest().name());
    if (why != null) {
      throw new BundleException(segment.folder() + ": its " + why + "; change it in its manifest");
    }
  }

  /**
   * Makes the output bundles, each in a folder {@code NNNN-NAME} of its position from 0000 and its
   * name.
   *
   * @param target the folder to make, which appears when all bundles are complete; must be absent
   *     or empty unless {@code force}
   * @param force whether a bundle, or the bundles of a chain, in its place are replaced
   * @param beforeCommit takes the reports when all is written and only the renaming is left; if it
   *     throws, nothing is left behind
   * @return what was done, segment by segment
   * @throws BundleException if an input is not legal, a segment does not begin with the cells that
   *     the one before has left, or the output cannot be written; nothing is left behind then, and
   *     what is in place of the target is as it was
   */
  public List<GenerationReport> generate(
      Path target, boolean force, Consumer<List<GenerationReport>> beforeCommit) {
    try (OutputFolder out = begin(target, force)) {
      List<GenerationReport> reports = new ArrayList<>();
      for (int i = 0; i < segments.size(); i++) {
        reports.add(generate(out, i));
      }
      beforeCommit.accept(List.copyOf(reports));
      out.commit();
      return List.copyOf(reports);
    } finally {
      if (state != null) {
        state.close();
      }
    }
  }

  private GenerationReport generate(OutputFolder out, int position) {
    Bundle segment = segments.get(position);
    String name = ChainWriter.folderName(position, segment.manifest().name());
    double share = 1.0 / segments.size();
    BundleGenerator generator =
        new BundleGenerator(
            segment,
            backend,
            products,
            (stage, fraction) -> listener.progress(stage, (position + fraction) * share));
    boolean last = position == segments.size() - 1;
    return generator.generateInside(out, name, state, last ? null : next -> state = next);
  }

  private synchronized OutputFolder begin(Path target, boolean force) {
    if (cancelled) {
      throw new BundleException(target + ": writing was cancelled before it began");
    }
    OutputFolder out = OutputFolder.open(target, force);
    folder = out;
    return out;
  }

  /**
   * Stops the generation at the next piece that it reads or writes or at the end of its stage, and
   * removes what it has written so far. To interrupt its thread has the same effect.
   */
  public synchronized void cancel() {
    cancelled = true;
    if (folder != null) {
      folder.close();
    }
  }
}
