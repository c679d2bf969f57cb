// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.log.AccessLog;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes an output bundle of an input bundle: reads it, runs a memory controller on its log, writes
 * the products. One generation; {@link #cancel} may be called from another thread.
 */
public final class BundleGenerator {
  private final Bundle bundle;
  private final TraceBackend backend;
  private final Set<Product> products = EnumSet.noneOf(Product.class);
  private final StageClock clock;
  private @Nullable BundleWriter writer;
  private boolean cancelled;

  /**
   * Prepares a generation.
   *
   * @param bundle the input
   * @param backend what makes the traces; not closed
   * @param products what to write; may be empty
   * @param listener hears about progress
   */
  public BundleGenerator(
      Bundle bundle, TraceBackend backend, Set<Product> products, GenerationListener listener) {
    this.bundle = bundle;
    this.backend = backend;
    this.products.addAll(products);
    this.clock = new StageClock(listener);
  }

  /**
   * Makes the output bundle.
   *
   * @param target the folder to make; must be absent or empty unless {@code force}
   * @param force whether a bundle in its place is replaced
   * @return what was done
   * @throws BundleException if the input is not legal or the output cannot be written; nothing is
   *     left behind then, and a bundle in place of the target is as it was
   */
  public GenerationReport generate(Path target, boolean force) {
    return generate(target, force, report -> {});
  }

  /**
   * Makes the output bundle.
   *
   * @param target the folder to make; must be absent or empty unless {@code force}
   * @param force whether a bundle in its place is replaced
   * @param beforeCommit takes the report when all is written and only the renaming is left; if it
   *     throws, nothing is left behind
   * @return what was done
   * @throws BundleException if the input is not legal or the output cannot be written; nothing is
   *     left behind then, and a bundle in place of the target is as it was
   */
  public GenerationReport generate(
      Path target, boolean force, Consumer<GenerationReport> beforeCommit) {
    try (BundleWriter out = begin(target, force);
        SegmentReplay segment = new SegmentReplay(bundle, backend)) {
      out.addInput(bundle);
      GenerationReport report = fill(out, segment, null);
      beforeCommit.accept(report);
      out.publish();
      return report;
    }
  }

  /**
   * Makes the bundle as one of several in a folder.
   *
   * @param folder the folder, committed by the caller
   * @param name name of the bundle in it
   * @param before the state that the segment before has left, used up by this, or null
   * @param after takes the state that this segment leaves, if there is a next one
   */
  GenerationReport generateInside(
      OutputFolder folder,
      String name,
      @Nullable MemoryState before,
      @Nullable Consumer<MemoryState> after) {
    try (BundleWriter out = BundleWriter.inside(folder, name, bundle.manifest(), backend.pool());
        SegmentReplay segment = new SegmentReplay(bundle, backend)) {
      out.addInput(bundle);
      GenerationReport report = fill(out, segment, before);
      out.publish();
      if (after != null) {
        after.accept(segment.memory().finalState());
      }
      return report;
    }
  }

  private GenerationReport fill(
      BundleWriter out, SegmentReplay segment, @Nullable MemoryState before) {
    clock.endIf(out::checkWanted);
    AccessLog log = segment.read(done -> clock.at(ProductWriter.AFTER_READ * done), before);
    return new ProductWriter(out, segment.segment(), backend, products, clock)
        .write(log.endTimestamp());
  }

  private synchronized BundleWriter begin(Path target, boolean force) {
    if (cancelled) {
      throw new BundleException(target + ": writing was cancelled before it began");
    }
    BundleWriter out = BundleWriter.begin(bundle.manifest(), target, force, backend.pool());
    writer = out;
    return out;
  }

  /**
   * Stops the generation at the next piece that it reads or writes or at the end of its stage, and
   * removes what it has written so far. To interrupt its thread has the same effect.
   */
  public synchronized void cancel() {
    cancelled = true;
    if (writer != null) {
      writer.close();
    }
  }
}
