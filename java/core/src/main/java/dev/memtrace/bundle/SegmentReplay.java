// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.CompressionBus;
import dev.memtrace.periphery.MemoryBus;
import dev.memtrace.periphery.MerkleBus;
import dev.memtrace.periphery.Poseidon2Periphery;
import dev.memtrace.periphery.RangeCheckerBus;
import dev.memtrace.periphery.TraceLimitException;
import dev.memtrace.periphery.VariableRangeChecker;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/** A memory controller that replays the log of a bundle. */
public final class SegmentReplay implements AutoCloseable {
  /** Bus numbers show in no product. */
  private static final int MEMORY_BUS = 1;

  private static final int MERKLE_BUS = 2;
  private static final int COMPRESSION_BUS = 3;
  private static final int RANGE_BUS = 4;

  private final Bundle bundle;
  private final TraceBackend backend;
  private final VariableRangeChecker checker;
  private final MemoryController memory;
  private final Poseidon2Periphery hasher;

  /**
   * Prepares a replay.
   *
   * @param bundle the input
   * @param backend what replays; not closed
   */
  public SegmentReplay(Bundle bundle, TraceBackend backend) {
    this.bundle = bundle;
    this.backend = backend;
    MemoryConfig config = bundle.manifest().config();
    checker = checker(config);
    memory = controller(bundle.manifest().mode(), config, checker, backend);
    hasher = new Poseidon2Periphery(backend.pool());
  }

  /**
   * Makes a controller. Its bus numbers show in no product.
   *
   * @param mode how memory begins and ends
   * @param config the configuration
   * @param backend what makes the traces; not closed
   * @return a new controller, closed by the caller
   */
  public static MemoryController controller(
      MemoryMode mode, MemoryConfig config, TraceBackend backend) {
    return controller(mode, config, checker(config), backend);
  }

  private static MemoryController controller(
      MemoryMode mode, MemoryConfig config, VariableRangeChecker checker, TraceBackend backend) {
    MemoryBus memoryBus = new MemoryBus(MEMORY_BUS);
    return mode == MemoryMode.VOLATILE
        ? MemoryController.withVolatileMemory(memoryBus, config, checker, backend)
        : MemoryController.withPersistentMemory(
            memoryBus,
            config,
            checker,
            new MerkleBus(MERKLE_BUS),
            new CompressionBus(COMPRESSION_BUS),
            backend);
  }

  private static VariableRangeChecker checker(MemoryConfig config) {
    return new VariableRangeChecker(new RangeCheckerBus(RANGE_BUS, config.rangeMaxBits()));
  }

  /**
   * Reads the initial memory and the log into the controller.
   *
   * @param progress hears which fraction was read so far
   * @return the log, owned by the controller
   * @throws BundleException if the input is not legal
   */
  public AccessLog read(DoubleConsumer progress) {
    return read(progress, null);
  }

  /**
   * Reads the log into the controller and moves the state there that the segment before has left.
   *
   * @param progress hears which fraction was read so far
   * @param before the state, used up if this succeeds, or null for the bundle's initial memory
   * @return the log, owned by the controller
   * @throws BundleException if the input is not legal, or does not begin with the cells of the
   *     state; the message names the first cell that differs and both values
   */
  AccessLog read(DoubleConsumer progress, @Nullable MemoryState before) {
    double total = Math.max(1, bundle.storedBytes());
    AddressMap initial = bundle.readInitialMemory(bytes -> progress.accept(bytes / total));
    try {
      if (before == null) {
        memory.setInitialMemory(initial);
      } else {
        requireSameCells(before.image(), initial);
        memory.setInitialMemory(before);
      }
    } finally {
      initial.release();
    }
    AccessLog log = bundle.readLog(backend.pool(), bytes -> progress.accept(bytes / total));
    memory.setMemoryLogs(log);
    return log;
  }

  private void requireSameCells(AddressMap before, AddressMap initial) {
    before.firstDifference(
        initial,
        (addressSpace, pointer, value) -> {
          throw new BundleException(
              "%s: does not continue the segment before it: cell (%d, %d) is %d at the end of that one and %d in the initial memory of this one; give the segments of one execution in order"
                  .formatted(
                      bundle.folder(),
                      addressSpace,
                      pointer,
                      value,
                      initial.get(addressSpace, pointer)));
        });
  }

  /**
   * Replays the log and finalises memory.
   *
   * @throws BundleException if the segment is beyond what the tables can count
   */
  public void replay() {
    withinLimits(() -> memory.finalizeMemory(hasher));
  }

  /** Does work that may find that a table cannot count so much, which the input is to blame for. */
  static void withinLimits(Runnable work) {
    try {
      work.run();
    } catch (TraceLimitException e) {
      throw new BundleException(e.getMessage() + "; use shorter segments", e);
    }
  }

  /**
   * Returns the controller.
   *
   * @return the controller, owned by this
   */
  public MemoryController memory() {
    return memory;
  }

  /**
   * Returns the recorder of Poseidon2 inputs.
   *
   * @return the recorder, owned by this
   */
  public Poseidon2Periphery hasher() {
    return hasher;
  }

  VariableRangeChecker checker() {
    return checker;
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    try (Poseidon2Periphery _ = hasher) {
      memory.close();
    }
  }
}
