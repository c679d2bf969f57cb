// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.MemoryState;
import dev.memtrace.backend.TraceBackend;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.controller.MemoryController;
import dev.memtrace.image.AddressMap;
import dev.memtrace.log.AccessLog;
import dev.memtrace.periphery.Poseidon2Periphery;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/** A memory controller that replays the log of a bundle. */
public final class SegmentReplay implements AutoCloseable {
  private final Bundle bundle;
  private final TraceBackend backend;
  private final SegmentMemory segment;

  /**
   * Prepares a replay.
   *
   * @param bundle the input
   * @param backend what replays; not closed
   */
  public SegmentReplay(Bundle bundle, TraceBackend backend) {
    this.bundle = bundle;
    this.backend = backend;
    BundleManifest manifest = bundle.manifest();
    this.segment = new SegmentMemory(manifest.mode(), manifest.config(), backend);
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
    return SegmentMemory.controller(mode, config, SegmentMemory.checker(config), backend);
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
        segment.memory().setInitialMemory(initial);
      } else {
        requireSameCells(before.image(), initial);
        segment.memory().setInitialMemory(before);
      }
    } finally {
      initial.release();
    }
    AccessLog log = bundle.readLog(backend.pool(), bytes -> progress.accept(bytes / total));
    segment.memory().setMemoryLogs(log);
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
    segment.replay();
  }

  /**
   * Returns the controller.
   *
   * @return the controller, owned by this
   */
  public MemoryController memory() {
    return segment.memory();
  }

  /**
   * Returns the recorder of Poseidon2 inputs.
   *
   * @return the recorder, owned by this
   */
  public Poseidon2Periphery hasher() {
    return segment.hasher();
  }

  SegmentMemory segment() {
    return segment;
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    segment.close();
  }
}
