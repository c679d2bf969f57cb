// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.analysis;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.config.MemoryMode;
import dev.memtrace.log.AccessLog;
import dev.memtrace.log.LogHeader;
import dev.memtrace.log.LogSegment;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import it.unimi.dsi.fastutil.longs.LongSet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.DoubleConsumer;
import java.util.stream.LongStream;

/**
 * What a log costs in trace cells, and why: a replay of the blocks alone, which knows for every
 * adapter row which access needs it and whose block is in its way. Nothing of a backend is used.
 *
 * <p>Takes about 25 bytes of heap for each touched cell, and memory for as many places as adapter
 * rows have.
 */
public final class AccessAnalysis {
  /** Parts into which the log is divided in the course of time. */
  private static final int PARTS = 160;

  private static final int HEAT_MAP_ROWS = 96;
  private static final int HOT_CELLS = 16;
  private static final int PLACES = 3;

  private final MemoryMode mode;
  private final MemoryConfig config;
  private final List<LogSegment> segments;
  private final long entries;
  private final long entriesPerPart;
  private final DoubleConsumer progress;

  private final BlockPartition partition;
  private final CauseTally causes;
  private final long[] adapterRows;
  private final Map<Integer, long[]> counts = new TreeMap<>();
  private final long[] accesses = new long[PARTS];
  private final long[] newChunks = new long[PARTS];
  private final long[] newPages = new long[PARTS];
  private final long[] adapterCells = new long[PARTS];
  private int part;
  private final HeatMap heatMap;
  private final TraceCosts costs;
  private final TraceCosts alignedCosts;

  private AccessAnalysis(MemoryMode mode, AccessLog log, DoubleConsumer progress) {
    this.mode = mode;
    this.config = log.config();
    this.segments = log.segments();
    this.entries = log.size();
    this.entriesPerPart = Math.max(1, Math.ceilDiv(entries, (long) PARTS));
    this.progress = progress;
    this.adapterRows = new long[config.adapterCount()];
    this.causes = new CauseTally(adapterRows.length);
    this.partition = new BlockPartition(mode, config, this::addRow);
    replay();
    part = -1;
    partition.finish();
    this.costs = TraceCosts.of(mode, config, partition.chunks(), adapterRows);
    this.heatMap = drawHeatMap();
    this.alignedCosts = replayAligned();
  }

  /**
   * Analyses a log.
   *
   * @param mode mode of the memory
   * @param log the log, which must not change meanwhile
   * @param progress hears which fraction is done
   * @return the analysis
   * @throws AnalysisLimitException if the log touches too many chunks
   */
  public static AccessAnalysis of(MemoryMode mode, AccessLog log, DoubleConsumer progress) {
    return new AccessAnalysis(mode, log, progress);
  }

  /** Receives a header and its position in the log. */
  @FunctionalInterface
  private interface HeaderVisitor {
    void visit(long entry, long header);
  }

  private void forEachAccess(double from, double to, HeaderVisitor visitor) {
    for (int s = 0; s < segments.size(); s++) {
      progress.accept(from + (to - from) * s / segments.size());
      LogSegment segment = segments.get(s);
      for (int i = 0; i < segment.entries(); i++) {
        long header = segment.header(i);
        if (LogHeader.addressSpace(header) != 0) {
          visitor.visit(segment.firstEntry() + i, header);
        }
      }
    }
  }

  private void replay() {
    TouchedChunkTable chunks = partition.chunks();
    LongSet pages = new LongOpenHashSet();
    forEachAccess(
        0,
        0.5,
        (entry, header) -> {
          part = (int) (entry / entriesPerPart);
          int addressSpace = LogHeader.addressSpace(header);
          int pointer = LogHeader.pointer(header);
          int logSize = LogHeader.logSize(header);
          count(addressSpace, pointer, 1 << logSize, LogHeader.isWrite(header));
          int before = chunks.size();
          partition.access(addressSpace, pointer, logSize);
          if (chunks.size() != before) {
            newChunks[part] += chunks.size() - before;
            newPages[part] += pages.add(page(addressSpace, pointer)) ? 1 : 0;
            newPages[part] += pages.add(page(addressSpace, pointer + (1 << logSize) - 1)) ? 1 : 0;
          }
        });
  }

  private static long page(int addressSpace, int pointer) {
    return ((long) addressSpace << Integer.SIZE) | (pointer >>> MemoryConfig.PAGE_BITS);
  }

  private void count(int addressSpace, int pointer, int size, boolean isWrite) {
    long[] ofSpace = counts.computeIfAbsent(addressSpace, _ -> new long[2 * AccessShape.ACCESSES]);
    ofSpace[2 * AccessShape.number(pointer, size) + (isWrite ? 1 : 0)]++;
    accesses[part]++;
  }

  private void addRow(int logSize, int addressSpace, int pointer, int shape, int before) {
    int adapter = logSize - 1;
    adapterRows[adapter]++;
    causes.add(adapter, addressSpace, pointer, shape, before);
    if (part >= 0) {
      adapterCells[part] += CauseTally.width(adapter);
    }
  }

  private HeatMap drawHeatMap() {
    HeatMapBuilder builder =
        new HeatMapBuilder(
            partition.chunks().sortedKeys(),
            config.pointerMaxBits(),
            HEAT_MAP_ROWS,
            parts(),
            entriesPerPart);
    forEachAccess(
        0.5,
        0.6,
        (entry, header) ->
            builder.add(entry, LogHeader.addressSpace(header), LogHeader.pointer(header)));
    return builder.build();
  }

  private TraceCosts replayAligned() {
    long[] rows = new long[adapterRows.length];
    BlockPartition aligned =
        new BlockPartition(mode, config, (logSize, _, _, _, _) -> rows[logSize - 1]++);
    forEachAccess(
        0.6,
        1,
        (_, header) ->
            aligned.access(
                LogHeader.addressSpace(header),
                LogHeader.pointer(header) & -LogHeader.size(header),
                LogHeader.logSize(header)));
    aligned.finish();
    return TraceCosts.of(mode, config, aligned.chunks(), rows);
  }

  /** Parts that the log has: as many as begin before its end. */
  private int parts() {
    return (int) Math.max(1, Math.ceilDiv(entries, entriesPerPart));
  }

  /**
   * Returns the sizes of the memory traces.
   *
   * @return those of the log as it is
   */
  public TraceCosts costs() {
    return costs;
  }

  /**
   * Returns the sizes that the memory traces would have if every access began at the multiple of
   * its size below.
   *
   * @return those of the aligned log
   */
  public TraceCosts alignedCosts() {
    return alignedCosts;
  }

  /**
   * Returns how many immediates are read.
   *
   * @return reads of address space 0
   */
  public long immediates() {
    long all = segments.stream().mapToLong(LogSegment::accesses).sum();
    return all - LongStream.of(accesses).sum();
  }

  /**
   * Returns the accesses by address space, size and alignment.
   *
   * @return shapes that occur, in ascending order
   */
  public List<ShapeCount> shapes() {
    List<ShapeCount> shapes = new ArrayList<>();
    counts.forEach(
        (addressSpace, ofSpace) -> {
          for (int number = 0; number < AccessShape.ACCESSES; number++) {
            long reads = ofSpace[2 * number];
            long writes = ofSpace[2 * number + 1];
            if (reads + writes != 0) {
              AccessShape shape = AccessShape.ofNumber(number);
              shapes.add(new ShapeCount(addressSpace, shape, reads, writes));
            }
          }
        });
    return Collections.unmodifiableList(shapes);
  }

  /**
   * Returns who makes adapter rows.
   *
   * @return causes in descending order of their trace cells; all rows have one
   */
  public List<AdapterCause> adapterCauses() {
    return causes.causes(PLACES);
  }

  /**
   * Returns the cells that are accessed most.
   *
   * @return up to 16 cells in descending order of accesses
   */
  public List<HotCell> hotCells() {
    Comparator<HotCell> order =
        Comparator.comparingLong(HotCell::accesses)
            .thenComparing(Comparator.comparingInt(HotCell::addressSpace).reversed())
            .thenComparing(Comparator.comparingInt(HotCell::pointer).reversed());
    PriorityQueue<HotCell> hottest = new PriorityQueue<>(HOT_CELLS + 1, order);
    TouchedChunkTable chunks = partition.chunks();
    for (long key : chunks.sortedKeys()) {
      int addressSpace = TouchedChunkTable.addressSpace(key);
      int first = TouchedChunkTable.firstPointer(key);
      for (int i = 0; i < TouchedChunkTable.CHUNK; i++) {
        long count = chunks.accesses(chunks.cell(addressSpace, first + i));
        HotCell least = hottest.peek();
        boolean isFull = hottest.size() == HOT_CELLS && least != null;
        if (count != 0 && !(isFull && least.accesses() >= count)) {
          hottest.add(new HotCell(addressSpace, first + i, count));
          if (isFull) {
            hottest.remove();
          }
        }
      }
    }
    return hottest.stream().sorted(order.reversed()).toList();
  }

  /**
   * Returns what happens in the course of the log.
   *
   * @return at most 160 parts
   */
  public Timeline timeline() {
    return new Timeline(
        entriesPerPart, list(accesses), list(newChunks), list(newPages), list(adapterCells));
  }

  private List<Long> list(long[] values) {
    return LongStream.of(values).limit(parts()).boxed().toList();
  }

  /**
   * Returns where accesses go in the course of the log.
   *
   * @return at most 96 places and as many parts as the timeline
   */
  public HeatMap heatMap() {
    return heatMap;
  }

  /**
   * Returns the requests to the range checker.
   *
   * @return requests by who makes them
   */
  public RangeCheckLoad rangeChecks() {
    long boundary = 0;
    if (mode == MemoryMode.VOLATILE) {
      long cells = costs.airs().getFirst().rows();
      // Space and two limbs of the pointer each; two limbs of the difference between neighbours,
      // and of a fixed value in the last row of the trace.
      boundary = cells == 0 ? 0 : 3 * cells + 2 * (cells - 1) + 2;
    }
    long all = segments.stream().mapToLong(LogSegment::accesses).sum();
    return new RangeCheckLoad(boundary, 2 * LongStream.of(adapterRows).sum(), 2 * all);
  }
}
