// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.air.AccessAdapterAir;
import dev.memtrace.air.PersistentBoundaryAir;
import dev.memtrace.air.VolatileBoundaryAir;
import dev.memtrace.config.MemoryConfig;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/** Fills the memory traces of a replayed log on the device. */
final class DeviceTraces {
  private final CudaStream stream;
  private final MemoryConfig config;

  /** Null if the log is empty: all traces are padding then. */
  private final @Nullable DeviceReplay replay;

  private final Summary summary;
  private final Arguments.Image image;

  DeviceTraces(
      CudaStream stream,
      MemoryConfig config,
      @Nullable DeviceReplay replay,
      Arguments.Image image) {
    this.stream = stream;
    this.config = config;
    this.replay = replay;
    this.summary = replay == null ? new Summary() : replay.summary();
    this.image = image;
  }

  /**
   * Fills the traces of all adapters.
   *
   * @param products owns the traces
   * @param heights rows of each adapter's trace, padding included, none below its rows
   * @return a trace for each adapter of the configuration
   */
  DeviceBuffer[] adapters(DeviceScope products, long[] heights) {
    int count = config.adapterCount();
    DeviceBuffer[] traces = new DeviceBuffer[count];
    Arguments.PerAdapter addresses = new Arguments.PerAdapter();
    Arguments.PerAdapter rows = new Arguments.PerAdapter();
    for (int i = 0; i < count; i++) {
      AccessAdapterAir air = new AccessAdapterAir(2 << i);
      traces[i] = products.allocateZeroed(4 * heights[i] * air.width(), air.name());
      addresses.set(i, traces[i].address());
      rows.set(i, heights[i]);
    }
    if (replay != null) {
      fillRows(
          "fill_log_rows",
          summary.slow(),
          replay.slow(),
          replay.logCounts(),
          summary::logRows,
          _ -> 0,
          addresses,
          rows);
      fillRows(
          "fill_final_rows",
          summary.heads(),
          replay.heads(),
          replay.finalCounts(),
          summary::finalRows,
          summary::logRows,
          addresses,
          rows);
    }
    return traces;
  }

  private void fillRows(
      String kernel,
      long items,
      DeviceBuffer list,
      DeviceBuffer counts,
      IntToLongFunction rowsOfAdapter,
      IntToLongFunction firstOfAdapter,
      Arguments.PerAdapter traces,
      Arguments.PerAdapter heights) {
    DeviceReplay history = replayed();
    Arguments.PerAdapter offsets = new Arguments.PerAdapter();
    Arguments.PerAdapter first = new Arguments.PerAdapter();
    try (DeviceScope temporary = new DeviceScope(stream)) {
      boolean any = false;
      for (int i = 0; i < config.adapterCount(); i++) {
        if (rowsOfAdapter.applyAsLong(i) != 0) {
          any = true;
          first.set(i, firstOfAdapter.applyAsLong(i));
          DeviceBuffer rows = temporary.allocate(4 * items, "row offsets");
          launch("unpack_counts", Arguments.items(items).add(counts).add(i).add(rows));
          sum(rows, items);
          offsets.set(i, rows.address());
        }
      }
      if (any) {
        launch(
            kernel,
            Arguments.items(items)
                .add(history.history())
                .add(image)
                .add(list)
                .add(offsets)
                .add(first)
                .add(traces)
                .add(heights)
                .add(config.clkMaxBits())
                .add(config.rangeMaxBits())
                .add(history.faultAddress()));
      }
    }
  }

  /** Counts the range checks of the adapter traces. */
  void countAdapters(DeviceBuffer[] traces, long[] heights, DeviceRangeCounts counts) {
    for (int i = 0; i < traces.length; i++) {
      long rows = summary.logRows(i) + summary.finalRows(i);
      if (rows > 0) {
        AccessAdapterAir air = new AccessAdapterAir(2 << i);
        long low = traces[i].address() + 4 * heights[i] * (air.width() - 2);
        launch(
            "count_adapter_ranges",
            Arguments.items(DeviceRangeCounts.items(rows))
                .add(rows)
                .add(low)
                .add(low + 4 * heights[i])
                .add(config.clkMaxBits())
                .add(counts.table())
                .add(replayed().faultAddress()));
      }
    }
  }

  /**
   * Fills the boundary of volatile memory.
   *
   * @param products owns the trace
   * @param height rows, padding included: at least 1 and the touched cells
   * @return the trace
   */
  DeviceBuffer volatileBoundary(DeviceScope products, long height) {
    DeviceBuffer trace =
        products.allocateZeroed(4 * height * VolatileBoundaryAir.WIDTH, "volatile boundary");
    long cells = summary.boundaryCells();
    if (cells > 0) {
      try (DeviceScope temporary = new DeviceScope(stream)) {
        long heads = summary.heads();
        DeviceBuffer offsets = temporary.allocate(4 * heads, "row offsets");
        stream.copy(replayed().headCells(), 0, offsets, 0, 4 * heads);
        sum(offsets, heads);
        launch(
            "volatile_boundary_cells",
            Arguments.items(heads)
                .add(replayed().history())
                .add(replayed().heads())
                .add(offsets)
                .add(trace)
                .add(height)
                .add(config.rangeMaxBits())
                .add(replayed().faultAddress()));
      }
      launch(
          "volatile_boundary_compare",
          Arguments.items(cells)
              .add(trace)
              .add(height)
              .add(config.addressBits())
              .add(config.rangeMaxBits()));
    }
    return trace;
  }

  /** Counts the range checks of the volatile boundary. */
  void countVolatileBoundary(DeviceBuffer trace, long height, DeviceRangeCounts counts) {
    long cells = summary.boundaryCells();
    if (cells > 0) {
      launch(
          "count_volatile_boundary_ranges",
          Arguments.items(DeviceRangeCounts.items(cells))
              .add(cells)
              .add(trace)
              .add(height)
              .add(config.addressSpaceBits())
              .add(config.pointerMaxBits())
              .add(config.addressBits())
              .add(counts.table())
              .add(replayed().faultAddress()));
    }
  }

  /**
   * Fills the boundary of persistent memory but for its hashes.
   *
   * @param products owns the trace
   * @param height rows, padding included: at least 1 and two for each touched chunk
   * @return the trace
   */
  DeviceBuffer persistentBoundary(DeviceScope products, long height) {
    DeviceBuffer trace =
        products.allocateZeroed(4 * height * PersistentBoundaryAir.WIDTH, "persistent boundary");
    if (summary.heads() > 0) {
      launch(
          "persistent_boundary_chunks",
          Arguments.items(summary.heads())
              .add(replayed().history())
              .add(image)
              .add(replayed().heads())
              .add(trace)
              .add(height)
              .add(replayed().faultAddress()));
    }
    return trace;
  }

  private DeviceReplay replayed() {
    if (replay == null) {
      throw new IllegalStateException("an empty log has no history");
    }
    return replay;
  }

  private void sum(DeviceBuffer words, long items) {
    stream.device().algorithms().exclusiveSum(stream, words.address(), words.address(), items);
  }

  private void launch(String kernel, Arguments arguments) {
    stream.launch(stream.device().kernel(kernel), arguments.words());
  }
}
