// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceMemoryException;
import dev.memtrace.log.LogSegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The access log on the device: packed headers, and the written cells in the order of the log.
 * Segments are copied while the program still runs.
 */
final class DeviceLog implements AutoCloseable {
  /** Device code counts entries, events and written cells in 32 bits. */
  private static final long MAX_ITEMS = 0xFFFF_FFFEL;

  private static final long FIRST_ITEMS = 1 << 16;

  private final CudaStream stream;
  private @Nullable DeviceBuffer headers;
  private @Nullable DeviceBuffer cells;
  private long entries;
  private long writtenCells;

  DeviceLog(CudaStream stream) {
    this.stream = stream;
  }

  /**
   * Enqueues the copy of a segment, whose memory stays as it is; if that fails, nothing changes.
   */
  void append(LogSegment segment) {
    int newEntries = segment.entries();
    int newCells = segment.valueWords();
    headers = ensure(headers, entries, entries + newEntries, 8, "log headers");
    cells = ensure(cells, writtenCells, writtenCells + newCells, 4, "written cells");
    if (newEntries > 0) {
      stream.copyToDevice(segment.headers().asSlice(0, 8L * newEntries), headers, 8L * entries);
    }
    if (newCells > 0) {
      stream.copyToDevice(segment.values().asSlice(0, 4L * newCells), cells, 4L * writtenCells);
    }
    entries += newEntries;
    writtenCells += newCells;
  }

  private DeviceBuffer ensure(
      @Nullable DeviceBuffer buffer, long used, long wanted, int itemBytes, String owner) {
    if (buffer != null && wanted * itemBytes <= buffer.bytes()) {
      return buffer;
    }
    if (wanted > MAX_ITEMS) {
      throw new DeviceMemoryException(
          "a log on the device has at most "
              + MAX_ITEMS
              + " entries and as many written cells, this one has "
              + wanted
              + " "
              + owner
              + "; use shorter segments or the CPU backend",
          wanted * itemBytes,
          stream.device().freeMemory());
    }
    long items = Math.max(FIRST_ITEMS, wanted);
    if (buffer != null) {
      items = Math.min(MAX_ITEMS, Math.max(wanted, 2 * (buffer.bytes() / itemBytes)));
    }
    DeviceBuffer bigger = stream.allocate(items * itemBytes, owner);
    if (buffer != null) {
      stream.copy(buffer, 0, bigger, 0, used * itemBytes);
      buffer.close();
    }
    return bigger;
  }

  long entries() {
    return entries;
  }

  long writtenCells() {
    return writtenCells;
  }

  /** Packed headers; there are some once a segment was appended. */
  DeviceBuffer headers() {
    return nonNull(headers);
  }

  DeviceBuffer cells() {
    return nonNull(cells);
  }

  private static DeviceBuffer nonNull(@Nullable DeviceBuffer buffer) {
    if (buffer == null) {
      throw new IllegalStateException("no log segment was appended");
    }
    return buffer;
  }

  @Override
  public void close() {
    List<Runnable> steps = new ArrayList<>();
    for (DeviceBuffer buffer : new DeviceBuffer[] {headers, cells}) {
      if (buffer != null) {
        steps.add(buffer::close);
      }
    }
    headers = null;
    cells = null;
    Closing.all(steps);
  }
}
