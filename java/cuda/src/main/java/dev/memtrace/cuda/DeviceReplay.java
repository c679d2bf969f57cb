// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.offheap.BufferPool;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The replay of a whole log on the device, up to the counts from which the host learns every
 * height. What it leaves on the device tells the fillers each access's history.
 */
final class DeviceReplay implements AutoCloseable {
  /** Threads that share the accesses that need the local recursion. */
  private static final long RECURSION_THREADS = 1 << 17;

  /** Threads that share the touched chunks whose nodes are counted. */
  static final long COUNTING_THREADS = 1 << 14;

  private static final int MAX_EVENTS_OF_ACCESS = 32;
  private static final long MAX_EVENTS = 0xFFFF_FFFEL;

  private final CudaDevice device;
  private final CudaStream stream;
  private final ReplayTuning tuning;
  private final MemoryConfig config;
  private final MemoryMode mode;
  private final DeviceLog log;
  private final long entries;

  /** Buffers that do not depend on the number of events. */
  private final DeviceScope scope;

  private final Arguments.Geometry geometry;
  private final Arguments.Log decoded;
  private final DeviceBuffer summaryBuffer;
  private final Summary summary;

  /** Set by the constructor; null only while it runs. */
  private @Nullable Events events;

  /**
   * Everything of which there is one for each event.
   *
   * @param scope owns the buffers
   * @param history what the local recursion reads
   * @param slow log indices of accesses that may have rows
   * @param logCounts packed counts of rows of the slow accesses
   * @param heads sorted positions of the first event of each touched block
   * @param finalCounts packed counts of rows of the finalisation pass, for each head
   * @param cells cells of each head, in volatile mode
   */
  private record Events(
      DeviceScope scope,
      Arguments.History history,
      DeviceBuffer slow,
      DeviceBuffer logCounts,
      DeviceBuffer heads,
      DeviceBuffer finalCounts,
      @Nullable DeviceBuffer cells) {}

  /**
   * Runs the replay and waits for its counts.
   *
   * @param log the log, with at least one entry
   * @param pool where the summary is read to
   * @throws DeviceMemoryException if the device's memory does not suffice; nothing is left behind
   */
  DeviceReplay(
      CudaStream stream,
      ReplayTuning tuning,
      MemoryMode mode,
      MemoryConfig config,
      DeviceLog log,
      BufferPool pool) {
    this.device = stream.device();
    this.stream = stream;
    this.tuning = tuning;
    this.mode = mode;
    this.config = config;
    this.log = log;
    this.entries = log.entries();
    this.scope = new DeviceScope(stream);
    long capacity =
        Math.clamp(
            tuning.firstCapacity().applyAsLong(log.accesses()),
            1L,
            Math.max(1L, MAX_EVENTS_OF_ACCESS * log.accesses()));
    MemorySegment words = pool.acquire(Summary.BYTES);
    try {
      requireMemory(capacity, true);
      int pageBits = config.asHeight() + Math.max(0, config.pointerMaxBits() - 12);
      int slotBits = Math.min(tuning.maxSlotBits(), pageBits);
      geometry =
          new Arguments.Geometry(
              config.asOffset(),
              config.asHeight(),
              config.pointerMaxBits(),
              scope.allocateZeroed(Math.max(4, 1L << slotBits >>> 1), "granules of pages"),
              slotBits);
      summaryBuffer = scope.allocateZeroed(Summary.BYTES, "summary");
      decoded = decode();
      events = makeEvents(capacity);
      Summary seen = read(words);
      if (seen.events() > capacity) {
        // The first guess was too small, and all kernels after it did nothing.
        events.scope().close();
        capacity = seen.events();
        requireMemory(capacity, false);
        events = makeEvents(capacity);
        seen = read(words);
      }
      summary = seen.checked();
    } catch (RuntimeException | Error e) {
      Closing.after(e, this::close);
      throw e;
    } finally {
      pool.release(words);
    }
  }

  private Summary read(MemorySegment words) {
    stream.copyToHost(summaryBuffer, 0, words.asSlice(0, Summary.BYTES));
    stream.synchronize();
    return new Summary(words);
  }

  /** What is kept of the log once it is decoded: three offsets an entry. */
  static long logBytes(long entries) {
    return 12 * (entries + 1);
  }

  /**
   * What the buffers of all events take at most, but for the granules: while they are sorted, or
   * when all that is kept has been made.
   *
   * @param sortBytes temporary memory of the sort
   */
  static long eventBytes(MemoryMode mode, long capacity, boolean pairs, long sortBytes) {
    long whileSorted = (16 + (pairs ? 8 : 0)) * capacity + sortBytes;
    long kept = ((mode == MemoryMode.VOLATILE ? 40 : 36) + (pairs ? 4 : 0)) * capacity;
    return Math.max(whileSorted, kept);
  }

  static void requireCountable(long capacity, long rest) {
    if (capacity > MAX_EVENTS) {
      throw new DeviceMemoryException(
          "the accesses of this log touch "
              + capacity
              + " granules of cells, and the device counts up to 2^32 - 2; use shorter segments or"
              + " the CPU backend",
          8 * capacity,
          rest);
    }
  }

  /** Refuses before any work what cannot be done. */
  private void requireMemory(long capacity, boolean withLog) {
    long rest = device.freeMemory();
    requireCountable(capacity, rest);
    long sortBytes =
        pairs()
            ? device.algorithms().sortPairsBytes(capacity, ordinalBits(), keyBits())
            : device.algorithms().sortKeysBytes(capacity, ordinalBits(), keyBits());
    long need = eventBytes(mode, capacity, pairs(), sortBytes) + (withLog ? logBytes(entries) : 0);
    if (need > rest) {
      throw new DeviceMemoryException(
          "the replay of "
              + entries
              + " log entries with up to "
              + capacity
              + " events needs "
              + need
              + " bytes of device memory and "
              + rest
              + " are free; use shorter segments, a larger device or the CPU backend",
          need,
          rest);
    }
  }

  /** Whether log indices are sorted beside the keys. */
  private boolean pairs() {
    return tuning.pairs() || indexBits() + config.asHeight() + config.pointerMaxBits() > Long.SIZE;
  }

  private int indexBits() {
    return Long.SIZE - Long.numberOfLeadingZeros(entries - 1);
  }

  private int ordinalBits() {
    return pairs() ? 0 : indexBits();
  }

  private int keyBits() {
    return ordinalBits() + config.asHeight() + config.pointerMaxBits();
  }

  private Arguments.Log decode() {
    launch("page_alignment", Arguments.items(entries).add(log.headers()).add(geometry));
    DeviceBuffer ticks = scope.allocate(4 * (entries + 1), "timestamps");
    DeviceBuffer cellOffsets = scope.allocate(4 * (entries + 1), "offsets of written cells");
    DeviceBuffer eventOffsets = scope.allocate(4 * (entries + 1), "offsets of events");
    launch(
        "entry_sizes",
        Arguments.items(entries + 1)
            .add(log.headers())
            .add(geometry)
            .add(ticks)
            .add(cellOffsets)
            .add(eventOffsets));
    DeviceAlgorithms algorithms = device.algorithms();
    algorithms.sum(
        stream, eventOffsets.address(), Summary.eventsAddress(summaryBuffer), entries + 1);
    for (DeviceBuffer sizes : new DeviceBuffer[] {ticks, cellOffsets, eventOffsets}) {
      algorithms.exclusiveSum(stream, sizes.address(), sizes.address(), entries + 1);
    }
    return new Arguments.Log(log.headers(), ticks, cellOffsets, eventOffsets, log.cells());
  }

  private Events makeEvents(long capacity) {
    DeviceScope owned = new DeviceScope(stream);
    try {
      DeviceBuffer links = owned.allocate(8 * capacity, "links of events");
      Arguments.EventKeys sorted = sort(owned, links, capacity);
      DeviceBuffer values = link(owned, sorted, links);
      Arguments.History history =
          new Arguments.History(decoded, geometry, sorted, links, values, mode.initialBlockSize());
      DeviceBuffer slow = selectSlow(owned, history);
      DeviceBuffer logCounts = owned.allocate(4 * capacity, "row counts of accesses");
      countLogRows(history, slow, logCounts);
      DeviceBuffer heads = selectHeads(owned, sorted);
      DeviceBuffer finalCounts = owned.allocate(4 * capacity, "row counts of blocks");
      DeviceBuffer cells =
          mode == MemoryMode.VOLATILE ? owned.allocate(4 * capacity, "cells of blocks") : null;
      countFinalRows(history, heads, finalCounts, cells);
      if (mode == MemoryMode.PERSISTENT) {
        countNodes(sorted, heads);
      }
      launch(
          "summarise",
          Arguments.items(1)
              .add(entries)
              .add(decoded.ticks())
              .add(decoded.cellOffsets())
              .add(summaryBuffer));
      return new Events(owned, history, slow, logCounts, heads, finalCounts, cells);
    } catch (RuntimeException | Error e) {
      Closing.after(e, owned::close);
      throw e;
    }
  }

  /** Makes the events in {@code unsorted}, which is free afterwards, and sorts them. */
  private Arguments.EventKeys sort(DeviceScope owned, DeviceBuffer unsorted, long capacity) {
    boolean pairs = pairs();
    DeviceAlgorithms algorithms = device.algorithms();
    DeviceBuffer keys = owned.allocate(8 * capacity, "keys of events");
    DeviceBuffer ordinals = pairs ? owned.allocate(4 * capacity, "log indices of events") : null;
    try (DeviceScope temporary = new DeviceScope(stream)) {
      // Room that no event takes sorts last.
      stream.fill(unsorted, 0, 8 * capacity, (byte) -1);
      DeviceBuffer unsortedOrdinals = null;
      if (pairs) {
        unsortedOrdinals = temporary.allocate(4 * capacity, "unsorted log indices");
        stream.fill(unsortedOrdinals, 0, 4 * capacity, (byte) -1);
      }
      launch(
          "event_keys",
          Arguments.items(entries)
              .add(decoded)
              .add(geometry)
              .add(unsorted)
              .add(unsortedOrdinals)
              .add(ordinalBits())
              .add(capacity)
              .add(Summary.eventsAddress(summaryBuffer)));
      if (ordinals != null && unsortedOrdinals != null) {
        algorithms.sortPairs(
            stream,
            unsorted.address(),
            keys.address(),
            unsortedOrdinals.address(),
            ordinals.address(),
            capacity,
            ordinalBits(),
            keyBits());
      } else {
        algorithms.sortKeys(
            stream, unsorted.address(), keys.address(), capacity, ordinalBits(), keyBits());
      }
    }
    return new Arguments.EventKeys(
        keys, ordinals, ordinalBits(), capacity, Summary.eventsAddress(summaryBuffer));
  }

  /** Links each event with the one before it, and with the write that its cells come from. */
  private DeviceBuffer link(DeviceScope owned, Arguments.EventKeys sorted, DeviceBuffer links) {
    long capacity = sorted.capacity();
    DeviceBuffer values = owned.allocate(4 * capacity, "values of events");
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer written = temporary.allocate(4 * capacity, "writes of events");
      launch(
          "positions",
          Arguments.items(capacity)
              .add(entries)
              .add(decoded)
              .add(geometry)
              .add(sorted)
              .add(links)
              .add(values)
              .add(written)
              .add(Summary.faultAddress(summaryBuffer)));
      device.algorithms().inclusiveMax(stream, values.address(), values.address(), capacity);
      launch("value_sources", Arguments.items(capacity).add(sorted).add(written).add(values));
    }
    return values;
  }

  /** Lists the slow accesses. Each has an event, so there is room for all if there is for those. */
  private DeviceBuffer selectSlow(DeviceScope owned, Arguments.History history) {
    DeviceBuffer slow = owned.allocate(4 * history.sorted().capacity(), "accesses with rows");
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer flags = temporary.allocate(entries, "flags of accesses");
      launch("classify", Arguments.items(entries).add(history).add(flags));
      device
          .algorithms()
          .selectFlagged(
              stream, flags.address(), slow.address(), Summary.slowAddress(summaryBuffer), entries);
    }
    return slow;
  }

  private void countLogRows(Arguments.History history, DeviceBuffer slow, DeviceBuffer counts) {
    launch(
        "count_log_rows",
        Arguments.items(Math.min(entries, RECURSION_THREADS))
            .add(history)
            .add(slow)
            .add(Summary.slowAddress(summaryBuffer))
            .add(counts)
            .add(Summary.logRowsAddress(summaryBuffer))
            .add(Summary.faultAddress(summaryBuffer)));
  }

  /** Lists the first event of each touched block. */
  private DeviceBuffer selectHeads(DeviceScope owned, Arguments.EventKeys sorted) {
    long capacity = sorted.capacity();
    DeviceBuffer heads = owned.allocate(4 * capacity, "touched blocks");
    try (DeviceScope temporary = new DeviceScope(stream)) {
      DeviceBuffer flags = temporary.allocate(capacity, "flags of events");
      launch(
          "block_heads",
          Arguments.items(capacity).add(sorted).add(mode.initialBlockSize()).add(flags));
      device
          .algorithms()
          .selectFlagged(
              stream,
              flags.address(),
              heads.address(),
              Summary.headsAddress(summaryBuffer),
              capacity);
    }
    return heads;
  }

  private void countFinalRows(
      Arguments.History history,
      DeviceBuffer heads,
      DeviceBuffer counts,
      @Nullable DeviceBuffer cells) {
    launch(
        "count_final_rows",
        Arguments.items(Math.min(history.sorted().capacity(), RECURSION_THREADS))
            .add(history)
            .add(heads)
            .add(Summary.headsAddress(summaryBuffer))
            .add(counts)
            .add(cells)
            .add(Summary.finalRowsAddress(summaryBuffer))
            .add(Summary.boundaryCellsAddress(summaryBuffer))
            .add(Summary.faultAddress(summaryBuffer)));
  }

  private void countNodes(Arguments.EventKeys sorted, DeviceBuffer heads) {
    launch(
        "touched_node_counts",
        Arguments.items(Math.min(sorted.capacity(), COUNTING_THREADS))
            .add(sorted)
            .add(heads)
            .add(Summary.headsAddress(summaryBuffer))
            .add(Summary.nodesAddress(summaryBuffer)));
  }

  private void launch(String kernel, Arguments arguments) {
    stream.launch(device.kernel(kernel), arguments.words());
  }

  private Events events() {
    return Objects.requireNonNull(events);
  }

  Summary summary() {
    return summary;
  }

  /**
   * Lists the touched chunks of persistent memory.
   *
   * @param owner owns the result
   * @return ascending leaf indices, a 64-bit word each
   */
  DeviceBuffer touchedLeaves(DeviceScope owner) {
    DeviceBuffer leaves = owner.allocate(8 * summary.heads(), "touched leaves");
    launch(
        "touched_leaves",
        Arguments.items(summary.heads()).add(events().history().sorted()).add(heads()).add(leaves));
    return leaves;
  }

  Arguments.History history() {
    return events().history();
  }

  /** Where kernels report a fault. */
  long faultAddress() {
    return Summary.faultAddress(summaryBuffer);
  }

  /** Where the summary lies, whose fault later kernels may set. */
  DeviceBuffer summaryBuffer() {
    return summaryBuffer;
  }

  DeviceBuffer slow() {
    return events().slow();
  }

  DeviceBuffer logCounts() {
    return events().logCounts();
  }

  DeviceBuffer heads() {
    return events().heads();
  }

  DeviceBuffer finalCounts() {
    return events().finalCounts();
  }

  /** Cells of each touched granule; only in volatile mode. */
  DeviceBuffer headCells() {
    DeviceBuffer cells = events().cells();
    if (cells == null) {
      throw new IllegalStateException("touched chunks of persistent memory have 8 cells each");
    }
    return cells;
  }

  @Override
  public void close() {
    Events made = events;
    Closing.all(made == null ? List.of(scope::close) : List.of(made.scope()::close, scope::close));
  }
}
