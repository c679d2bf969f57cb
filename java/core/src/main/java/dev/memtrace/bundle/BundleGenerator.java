// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.AirProofInput;
import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.WordStream;
import dev.memtrace.bundle.GenerationListener.Stage;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.VariableRangeChecker;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes an output bundle of an input bundle: reads it, runs a memory controller on its log, writes
 * the products. One generation; {@link #cancel} may be called from another thread.
 */
public final class BundleGenerator {
  private static final double AFTER_READ = 0.2;
  private static final double AFTER_REPLAY = 0.6;

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
    MemoryController memory = segment.memory();
    AccessLog log = segment.read(done -> clock.at(AFTER_READ * done), before);
    clock.enter(Stage.REPLAY, AFTER_READ);
    segment.replay();
    List<Long> heights = Arrays.stream(memory.currentTraceHeights()).boxed().toList();
    SegmentReplay.withinLimits(() -> write(out, memory, segment.checker(), segment.hasher()));
    BundleManifest manifest = out.prepare(log.endTimestamp());
    boolean tree = memory.mode() == MemoryMode.PERSISTENT;
    return new GenerationReport(
        out.target(),
        manifest,
        backend.description(),
        heights,
        tree ? list(memory.initialRoot()) : List.of(),
        tree ? list(memory.finalRoot()) : List.of(),
        out.bytesWritten(),
        clock.finish());
  }

  private synchronized BundleWriter begin(Path target, boolean force) {
    if (cancelled) {
      throw new BundleException(target + ": writing was cancelled before it began");
    }
    BundleWriter out = BundleWriter.begin(bundle.manifest(), target, force, backend.pool());
    writer = out;
    return out;
  }

  /** Stops the generation as soon as possible and removes what it has written so far. */
  public synchronized void cancel() {
    cancelled = true;
    if (writer != null) {
      writer.close();
    }
  }

  private void write(
      BundleWriter out,
      MemoryController memory,
      VariableRangeChecker checker,
      Poseidon2Periphery hasher) {
    boolean counts = products.contains(Product.RANGE_COUNTS);
    clock.enter(Stage.WRITE, AFTER_REPLAY);
    if (products.contains(Product.RECORDS)) {
      try (WordStream records = memory.records()) {
        out.writeRecords(records);
      }
    }
    if (products.contains(Product.FINAL)) {
      out.writeFinalMemory(memory.finalMemory());
    }
    if (counts || products.contains(Product.AIRS)) {
      clock.enter(Stage.TRACES, 0.65);
      writeAirs(out, memory.generateAirProofInputs());
    }
    if (counts) {
      out.writeRangeCounts(checker.counts());
    }
    if (counts || products.contains(Product.AUX)) {
      clock.enter(Stage.TRACES, 0.8);
      try (WordStream aux = memory.generateAuxColumns()) {
        clock.enter(Stage.WRITE, 0.85);
        if (products.contains(Product.AUX)) {
          out.writeAux(aux);
        }
      }
    }
    if (counts) {
      out.writeRangeCountsWithAux(checker.counts());
    }
    if (products.contains(Product.POSEIDON2) && memory.mode() == MemoryMode.PERSISTENT) {
      writePoseidon2(out, hasher);
    }
  }

  private void writePoseidon2(BundleWriter out, Poseidon2Periphery hasher) {
    for (int registers = 1; registers >= 0; registers--) {
      clock.enter(Stage.TRACES, 0.95 - 0.05 * registers);
      try (TraceMatrix trace = backend.poseidon2Trace(hasher, registers)) {
        clock.enter(Stage.WRITE, 0.97 - 0.05 * registers);
        out.writePoseidon2Trace(registers, trace);
      }
    }
    out.writePoseidon2Inputs(hasher);
  }

  private void writeAirs(BundleWriter out, List<AirProofInput> airs) {
    clock.enter(Stage.WRITE, 0.7);
    try {
      for (AirProofInput air : airs) {
        if (products.contains(Product.AIRS)) {
          out.writeAir(air);
        }
        air.close();
      }
    } finally {
      airs.forEach(AirProofInput::close);
    }
  }

  private static List<Integer> list(int[] root) {
    return Arrays.stream(root).boxed().toList();
  }
}
